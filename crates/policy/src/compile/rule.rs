//! One rule: whom it allows, and which ports.

use std::sync::Arc;

use kinglet_model::{Pod, Protocol};

use crate::checked::{Direction, Peers, Ports, Rule, Wanted};
use crate::ports::PortSet;
use crate::ranges::Ranges;
use crate::rules::{Named, Whom};

/// Whom a rule allows: each of its selectors, and all of its blocks together.
pub(super) fn whom(rule: &Rule) -> Vec<Whom> {
    let Peers::Of(peers, blocks) = &rule.peers else {
        return vec![Whom::Any];
    };
    let mut ranges = Ranges::default();
    blocks.iter().for_each(|block| ranges.add(block));
    let ranges = (!ranges.is_empty()).then(|| Whom::Ranges(Arc::new(ranges)));
    peers.iter().cloned().map(Whom::Peer).chain(ranges).collect()
}

/// The ports that a rule allows by number. Names of an ingress rule are those of the pod itself.
pub(super) fn numbers(rule: &Rule, direction: Direction, pod: &Pod) -> PortSet {
    let Ports::Of(ports) = &rule.ports else {
        return PortSet::all();
    };
    let mut numbers = PortSet::default();
    for port in ports {
        match &port.wanted {
            Wanted::Any => numbers.add(&PortSet::whole(port.protocol)),
            Wanted::Range(first, last) => numbers.add(&PortSet::of(port.protocol, *first, *last)),
            Wanted::Named(name) if direction == Direction::Ingress => {
                for number in Named::Name(name.clone()).numbers(port.protocol, pod) {
                    numbers.add(&PortSet::of(port.protocol, number, number));
                }
            }
            Wanted::Named(_) => {}
        }
    }
    numbers
}

/// The ports that an egress rule allows by the names that destinations have for them.
pub(super) fn names(rule: &Rule, direction: Direction) -> Vec<(Protocol, Named)> {
    let Ports::Of(ports) = &rule.ports else {
        return Vec::new();
    };
    let named = ports.iter().filter_map(|port| match &port.wanted {
        Wanted::Named(name) if direction == Direction::Egress => {
            Some((port.protocol, Named::Name(name.clone())))
        }
        _ => None,
    });
    named.collect()
}
