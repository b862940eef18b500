//! ExternalName Services.

use kinglet_dns_wire::{Name, Owner, QueryName, Records, rtype};

use super::answer::{Answer, Chase, Found, Lookup};
use crate::snapshot::{Snapshot, Zone, ZoneMatch};

/// Most aliases that are followed inside the zone: each adds a record, and costs a look-up.
const MAX_ALIASES: usize = 10;

impl Snapshot {
    /// The addresses that an alias leads to. An alias that leads to nothing inside the zone, or in a circle,
    /// has no data.
    pub(super) fn follow<'s>(
        &'s self,
        matched: ZoneMatch,
        name: &QueryName<'_>,
        qtype: u16,
        mut target: &'s Name,
    ) -> Lookup<'s> {
        let soa = self.soa(matched);
        let mut records = Records::default();
        let mut seen: Vec<Box<[u8]>> = vec![name.lower().into()];
        for _ in 0..MAX_ALIASES {
            let parts = seen.last().map(|owner| [&**owner]);
            // Only the first CNAME is owned by the name of the question.
            let owner = match &parts {
                Some(parts) if seen.len() > 1 => Owner::Name(parts),
                _ => Owner::Question,
            };
            records.push(owner, rtype::CNAME, self.zones.ttl, &[target.as_wire()]);
            let Ok(next) = QueryName::read(target.as_wire()) else {
                break;
            };
            // Two ExternalName Services may point at one another.
            if seen.iter().any(|name| **name == *next.lower()) {
                break;
            }
            seen.push(next.lower().into());
            let inside = self
                .zones
                .zone_of(&next)
                .filter(|matched| matched.zone == Zone::Cluster);
            // The upstream is asked for the last target, and its answer goes behind these CNAMEs: clients of
            // a stub resolver do not follow them themselves.
            let Some(inside) = inside else {
                return Lookup::Chase(Chase { records, target, soa });
            };
            match self.find(inside, &next, qtype) {
                Found::Alias(next) => target = next,
                Found::Answer(answer) => {
                    // Stored records point at the question's name, which is another one here.
                    records.push_renamed(target.as_wire(), &answer.records);
                    return Lookup::Answer(Answer {
                        records,
                        additional: Records::default(),
                    });
                }
                Found::NameError if !self.synced => return Lookup::Unsynced(soa),
                _ => break,
            }
        }
        Lookup::NoData(soa)
    }
}
