//! One rule: whom it means, and which ports.

use kinglet_model::{Pod, Protocol};

use crate::checked::{Action, Direction, Peers, Ports, Rule, Wanted};
use crate::ports::PortSet;
use crate::rules::{Named, Step, Tuples, Whom};

/// What a rule matches at a pod.
pub(super) fn step(action: Action, rule: &Rule, direction: Direction, pod: &Pod) -> Step {
    let mut step = Step {
        action,
        lines: Default::default(),
        tuples: Tuples::default(),
    };
    let numbers = numbers(rule, direction, pod);
    let names = names(rule, direction);
    for whom in whom(rule) {
        let named = names.iter().cloned();
        let named = named.map(|(protocol, name)| (whom.clone(), protocol, name));
        step.tuples.0.extend(named);
        if !numbers.is_empty() {
            step.lines.insert(whom, numbers.clone());
        }
    }
    step
}

/// Whom a rule means: each of its selectors, and all of its blocks together.
fn whom(rule: &Rule) -> Vec<Whom> {
    let Peers::Of(listed) = &rule.peers else {
        return vec![Whom::Any];
    };
    let ranges = (!listed.blocks.is_empty()).then(|| Whom::Ranges(listed.blocks.clone()));
    let pods = listed.pods.iter().cloned().map(Whom::Peer);
    let nodes = listed.nodes.iter().cloned().map(Whom::Nodes);
    pods.chain(nodes).chain(ranges).collect()
}

/// The ports that a rule means by number. Names of an ingress rule are those of the pod itself.
fn numbers(rule: &Rule, direction: Direction, pod: &Pod) -> PortSet {
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

/// The ports that an egress rule means by the names that destinations have for them.
fn names(rule: &Rule, direction: Direction) -> Vec<(Protocol, Named)> {
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
