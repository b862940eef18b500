//! Chains that spread connections over endpoints. The frontend and a random number give the endpoint, so all
//! ports with equally many endpoints go through one chain.

use kinglet_nft::{Header, L3, Meta, Numgen, Rule};

use super::lookup::Lookup;
use super::objects::{Body, Objects};
use crate::backend::layer3;
use crate::identity::Role;
use crate::plan::PortPlan;

/// Number of the first endpoint of a pool: both pools of a port are in one map.
pub(super) fn offset(role: Role) -> u32 {
    match role {
        Role::Local => 1 << 31,
        _ => 0,
    }
}

impl Objects {
    /// The chain that spreads over the pool of a port.
    pub(super) fn balance(&mut self, port: &PortPlan, lookup: Lookup, role: Role) -> String {
        let family = layer3(port.id.family);
        let size = port.pool_size(role);
        let name = format!("{}-{}-{size}", lookup.prefix(family), role.word());
        let number = |size| rule(family, lookup, Numgen::random(size).offset(offset(role)));
        // A packet that meets a change is in the chain of before, but finds the map of after. Where that has
        // no such number any more, the first endpoint will do. Where it has none, the packet must not go on:
        // conntrack would confirm a connection that is never translated.
        let rules = vec![number(size), number(1), Rule::new().drop()];
        let body = Body { comment: None, rules };
        self.chains.insert(name.clone(), body);
        name
    }
}

fn rule(family: L3, lookup: Lookup, number: Numgen) -> Rule {
    let map = lookup.backends().of(family).name();
    match lookup {
        Lookup::Vip => {
            let key = (Header::daddr(family), Meta::L4Proto, Header::ThDport, number);
            Rule::new().dnat_map(family, key, map)
        }
        Lookup::NodePort => Rule::new().dnat_map(family, (Meta::L4Proto, Header::ThDport, number), map),
    }
}
