//! One rule: its peers and ports.

use kinglet_model::{Pod, Protocol};

use super::step::StepBuilder;
use crate::checked::{Action, Direction, Peers, PortMatch, Ports, Rule};
use crate::ports::PortSet;
use crate::rules::{PodPort, RulePeer, Tuples};

/// What a rule matches at a pod.
pub(super) fn step(action: Action, rule: &Rule, direction: Direction, pod: &Pod) -> StepBuilder {
    let mut step = StepBuilder {
        action,
        lines: Default::default(),
        tuples: Tuples::default(),
    };
    let numbers = numbers(rule, direction, pod);
    let names = names(rule, direction);
    for peer in peers(rule) {
        let named = names.iter().cloned();
        let named = named.map(|(protocol, name)| (peer.clone(), protocol, name));
        step.tuples.0.extend(named);
        if !numbers.is_empty() {
            step.lines.insert(peer, numbers.clone());
        }
    }
    step
}

/// The peers of a rule: each of its selectors, and all of its blocks together.
fn peers(rule: &Rule) -> Vec<RulePeer> {
    let Peers::Of(listed) = &rule.peers else {
        return vec![RulePeer::Any];
    };
    let ranges = (!listed.blocks.is_empty()).then(|| RulePeer::Ranges(listed.blocks.clone()));
    let pods = listed.pods.iter().cloned().map(RulePeer::Pods);
    let nodes = listed.nodes.iter().cloned().map(RulePeer::Nodes);
    pods.chain(nodes).chain(ranges).collect()
}

/// The ports of a rule by number. Port names of an ingress rule are those of the pod itself, so that their
/// numbers are known here.
fn numbers(rule: &Rule, direction: Direction, pod: &Pod) -> PortSet {
    let Ports::Of(ports) = &rule.ports else {
        return PortSet::all();
    };
    let mut numbers = PortSet::default();
    for port in ports {
        match &port.ports {
            PortMatch::Any => numbers.add(&PortSet::whole(port.protocol)),
            PortMatch::Range(first, last) => numbers.add(&PortSet::of(port.protocol, *first, *last)),
            PortMatch::Named(name) if direction == Direction::Ingress => {
                for number in PodPort::Name(name.clone()).numbers(port.protocol, pod) {
                    numbers.add(&PortSet::of(port.protocol, number, number));
                }
            }
            PortMatch::Named(_) => {}
        }
    }
    numbers
}

/// The port names of an egress rule. Each destination pod may have another number for them, so that address
/// and port must be looked up together.
fn names(rule: &Rule, direction: Direction) -> Vec<(Protocol, PodPort)> {
    let Ports::Of(ports) = &rule.ports else {
        return Vec::new();
    };
    let named = ports.iter().filter_map(|port| match &port.ports {
        PortMatch::Named(name) if direction == Direction::Egress => {
            Some((port.protocol, PodPort::Name(name.clone())))
        }
        _ => None,
    });
    named.collect()
}
