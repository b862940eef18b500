//! Questions to answers: the grammar of the cluster domain.
//!
//! Follows CoreDNS' `kubernetes` plugin with `pods insecure` and `fallthrough in-addr.arpa ip6.arpa`. It
//! differs where CoreDNS denies a name that exists (RFC 8020 lets resolvers then deny everything below): TXT
//! at the apex, `svc` and namespaces, other types than PTR at reverse names, `dns`, and `_tcp` above a port's
//! name have no data; and an SOA question for a name that does not exist is a name error.

mod alias;
mod answer;
mod apex;
mod find;
mod pod;
mod reverse;
mod service;

use kinglet_dns_wire::QueryName;

use crate::snapshot::{Snapshot, Zone};
use answer::Found;

pub use answer::{Answer, Chase, Lookup};

impl Snapshot {
    /// Answers a question of class IN.
    pub fn lookup(&self, name: &QueryName<'_>, qtype: u16) -> Lookup<'_> {
        let Some(place) = self.zones.place(name) else {
            return Lookup::PassOn;
        };
        match self.find(place, name, qtype) {
            Found::Answer(answer) => Lookup::Answer(answer),
            Found::Alias(target) => self.follow(place, name, qtype, target),
            Found::NoData => Lookup::NoData(self.soa(place)),
            Found::NameError if place.zone != Zone::Cluster => Lookup::PassOn,
            Found::NameError if !self.synced => Lookup::Unsynced(self.soa(place)),
            Found::NameError => Lookup::NameError(self.soa(place)),
            Found::Refused => Lookup::Refused,
        }
    }
}
