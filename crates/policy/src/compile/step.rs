//! Simplifies the steps of profiles.

use std::collections::BTreeMap;

use kinglet_model::Protocol;

use crate::checked::Action;
use crate::ports::PortSet;
use crate::rules::{Line, PodPort, RulePeer, SetKind, Step, Tuples};

/// With more single ports of pods than this, one lookup of address and port is cheaper than a rule for each:
/// the kernel evaluates rules one after another.
const SINGLE_PORTS: usize = 8;

/// A step that is being made.
#[derive(Debug)]
pub(super) struct StepBuilder {
    pub(super) action: Action,
    /// Ports by peer.
    pub(super) lines: BTreeMap<RulePeer, PortSet>,
    pub(super) tuples: Tuples,
}

impl StepBuilder {
    /// Whether it matches nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.tuples.0.is_empty()
    }

    /// Adds what another step matches.
    pub(super) fn extend(&mut self, other: Self) {
        for (peer, ports) in other.lines {
            self.lines.entry(peer).or_default().add(&ports);
        }
        self.tuples.0.extend(other.tuples.0);
    }

    /// The step.
    pub(super) fn finish(mut self) -> Step {
        self.simplify();
        self.flatten();
        let lines = self.lines.into_iter().map(|(peer, ports)| Line {
            set: peer.set().map(|kind| kind.id()),
            peer,
            ports,
        });
        let tuples =
            (!self.tuples.0.is_empty()).then(|| (SetKind::Tuples(self.tuples.clone()).id(), self.tuples));
        Step {
            action: self.action,
            lines: lines.collect(),
            tuples,
        }
    }

    /// Removes ports of single peers that everybody may use anyway.
    fn simplify(&mut self) {
        let Some(anybody) = self.lines.get(&RulePeer::Any).cloned() else {
            return;
        };
        // Tuples are not subtracted one by one: their numbers are known only from the pods that they match.
        if anybody.is_all() {
            self.tuples.0.clear();
        }
        for (peer, ports) in &mut self.lines {
            if *peer != RulePeer::Any {
                ports.subtract(&anybody);
            }
        }
        self.lines.retain(|_, ports| !ports.is_empty());
    }

    /// Moves single ports of pods into tuples if there are many.
    fn flatten(&mut self) {
        let lines = self.lines.iter();
        // Only pods: a tuple of a block would need an element for each of its addresses.
        let pods = lines.filter(|(peer, _)| matches!(peer, RulePeer::Pods(_)));
        let single = |(peer, ports): (&RulePeer, &PortSet)| -> Vec<(RulePeer, Protocol, u16)> {
            let ranges = ports.iter().filter(|(_, first, last)| first == last);
            ranges
                .map(|(protocol, port, _)| (peer.clone(), protocol, port))
                .collect()
        };
        let singles: Vec<_> = pods.flat_map(single).collect();
        if singles.len() <= SINGLE_PORTS {
            return;
        }
        for (peer, protocol, port) in singles {
            if let Some(ports) = self.lines.get_mut(&peer) {
                ports.subtract(&PortSet::of(protocol, port, port));
            }
            self.tuples.0.insert((peer, protocol, PodPort::Number(port)));
        }
        self.lines.retain(|_, ports| !ports.is_empty());
    }
}
