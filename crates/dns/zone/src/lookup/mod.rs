//! Questions to answers: the grammar of the cluster domain.
//!
//! Follows CoreDNS' `kubernetes` plugin with `pods insecure` and `fallthrough in-addr.arpa ip6.arpa`, but
//! where CoreDNS denies a name that exists: after NXDOMAIN resolvers may deny everything below (RFC 8020). So
//! there is NODATA for TXT at the apex, at `svc` and at namespaces, for other types than PTR at reverse
//! names, for `dns`, and for `_tcp` above the name of a port. An SOA question for a name that does not exist
//! is NXDOMAIN.

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
        let Some(matched) = self.zones.zone_of(name) else {
            return Lookup::Fallthrough;
        };
        match self.find(matched, name, qtype) {
            Found::Answer(answer) => Lookup::Answer(answer),
            Found::Alias(target) => self.follow(matched, name, qtype, target),
            Found::NoData => Lookup::NoData(self.soa(matched)),
            // `fallthrough in-addr.arpa ip6.arpa`: the rest of the reverse zones belongs to others.
            Found::NameError if matched.zone != Zone::Cluster => Lookup::Fallthrough,
            Found::NameError if !self.synced => Lookup::Unsynced(self.soa(matched)),
            Found::NameError => Lookup::NameError(self.soa(matched)),
            Found::Refused => Lookup::Refused,
        }
    }
}
