//! All rules of a pod together: its profile.

use kinglet_model::{Pod, Protocol};

use super::rule::{names, numbers, whom};
use crate::checked::{Direction, Rule};
use crate::cluster::Cluster;
use crate::ports::PortSet;
use crate::rules::{Named, Profile, Tuples, Whom};

/// With more single ports of pods than this, one look-up of address and port is cheaper than one rule for each.
const SINGLE_PORTS: usize = 8;

/// What a pod allows in a direction; nothing if no policy isolates it.
pub(crate) fn profile(cluster: &Cluster, pod: &Pod, direction: Direction) -> Option<Profile> {
    let mut profile = Profile {
        direction,
        lines: Default::default(),
        tuples: Tuples::default(),
    };
    let mut isolated = false;
    for policy in cluster.isolating(pod, direction) {
        isolated = true;
        for rule in policy.rules(direction).unwrap_or_default() {
            profile.add(rule, pod);
        }
    }
    profile.simplify();
    profile.flatten();
    isolated.then_some(profile)
}

impl Profile {
    fn add(&mut self, rule: &Rule, pod: &Pod) {
        let numbers = numbers(rule, self.direction, pod);
        let names = names(rule, self.direction);
        for whom in whom(rule) {
            let named = names.iter().cloned();
            let named = named.map(|(protocol, name)| (whom.clone(), protocol, name));
            self.tuples.0.extend(named);
            if !numbers.is_empty() {
                self.lines.entry(whom).or_default().add(&numbers);
            }
        }
    }

    /// What everybody may use needs no other line.
    fn simplify(&mut self) {
        let Some(anybody) = self.lines.get(&Whom::Any).cloned() else {
            return;
        };
        if anybody.is_all() {
            self.tuples.0.clear();
        }
        for (whom, ports) in &mut self.lines {
            if *whom != Whom::Any {
                ports.subtract(&anybody);
            }
        }
        self.lines.retain(|_, ports| !ports.is_empty());
    }

    /// Moves single ports of pods into tuples if they are many.
    fn flatten(&mut self) {
        let lines = self.lines.iter();
        let pods = lines.filter(|(whom, _)| matches!(whom, Whom::Peer(_)));
        let single = |(whom, ports): (&Whom, &PortSet)| -> Vec<(Whom, Protocol, u16)> {
            let ranges = ports.iter().filter(|(_, first, last)| first == last);
            ranges
                .map(|(protocol, port, _)| (whom.clone(), protocol, port))
                .collect()
        };
        let singles: Vec<_> = pods.flat_map(single).collect();
        if singles.len() <= SINGLE_PORTS {
            return;
        }
        for (whom, protocol, port) in singles {
            if let Some(ports) = self.lines.get_mut(&whom) {
                ports.subtract(&PortSet::of(protocol, port, port));
            }
            self.tuples.0.insert((whom, protocol, Named::Number(port)));
        }
        self.lines.retain(|_, ports| !ports.is_empty());
    }
}
