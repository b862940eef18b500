//! Chains that spread connections over endpoints. What clients mean and a number at random give the endpoint,
//! so all ports with equally many endpoints go through one chain.

use std::collections::BTreeSet;

use kinglet_nft::{Header, L3, Meta, Numgen, Rule};

use super::{Body, Objects, Reach};
use crate::backend::{Backend, layer3};
use crate::frame::SetKind;
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
    pub(super) fn spread(&mut self, port: &PortPlan, reach: Reach, role: Role) -> String {
        let family = layer3(port.id.family);
        let size = port.pool_size(role);
        let name = format!("{}-{}-{size}", reach.prefix(family), role.word());
        let number = |size| rule(family, reach, Numgen::random(size).offset(offset(role)));
        // A packet may meet a change: this chain is of before, the map of after. Where it has no such number
        // any more, the first will do; where it has none, the packet must not pass by, or else its connection
        // would be tracked as one that is never translated.
        let rules = vec![number(size), number(1), Rule::new().drop()];
        let body = Body { comment: None, rules };
        self.chains.insert(name.clone(), body);
        name
    }
}

fn rule(family: L3, reach: Reach, number: Numgen) -> Rule {
    let map = reach.backends().of(family).name();
    match reach {
        Reach::Vip => {
            let key = (Header::daddr(family), Meta::L4Proto, Header::ThDport, number);
            Rule::new().dnat_map(family, key, map)
        }
        Reach::NodePort => Rule::new().dnat_map(family, (Meta::L4Proto, Header::ThDport, number), map),
    }
}

impl Reach {
    /// Where the endpoints are.
    pub(super) fn backends(self) -> SetKind {
        match self {
            Self::Vip => SetKind::Backends,
            Self::NodePort => SetKind::NodePortBackends,
        }
    }

    /// What names of shared chains begin with.
    pub(super) fn prefix(self, family: L3) -> String {
        let set = match self {
            Self::Vip => SetKind::Vips,
            Self::NodePort => SetKind::NodePorts,
        };
        set.of(family).name()
    }
}

impl PortPlan {
    /// The endpoints of a pool.
    pub(super) fn pool(&self, role: Role) -> &BTreeSet<Backend> {
        match role {
            Role::Local => &self.endpoints.local,
            _ => &self.endpoints.cluster,
        }
    }

    pub(super) fn pool_size(&self, role: Role) -> u32 {
        u32::try_from(self.pool(role).len()).unwrap_or(u32::MAX)
    }
}
