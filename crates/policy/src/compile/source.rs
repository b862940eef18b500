//! Policies as sources of rules, and how many of them are cut into parts.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use kinglet_model::{ObjectName, Pod};

use super::rule::step;
use super::step::StepBuilder;
use crate::checked::{Action, ClusterPolicy, Direction, Peers, Policy, Ports, Rule};
use crate::rules::Step;

/// Policies in a part, on average. With fewer, the list of parts is long, which every change writes again.
const IN_A_PART: u64 = 16;
/// Most policies in a part.
const MOST: usize = 64;

/// A policy of either kind. Two are equal if they are the same version of the same object.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Policy(Arc<Policy>),
    Tier(Arc<ClusterPolicy>),
}

impl Source {
    /// So many policies make one profile: packets go through it faster than through parts, where lookups
    /// cannot be shared.
    pub(super) const TOGETHER: usize = 16;

    /// Cuts a list behind policies whose names say so. A policy that comes or goes changes the part that it
    /// is in, or two, and no others; cut by number, all parts behind it would change.
    pub(super) fn parts(sources: Vec<Self>) -> Vec<Vec<Self>> {
        let mut parts = vec![Vec::new()];
        for source in sources {
            let ends = source.ends_part();
            let Some(last) = parts.last_mut() else { break };
            last.push(source);
            if ends || last.len() == MOST {
                parts.push(Vec::new());
            }
        }
        parts.retain(|part| !part.is_empty());
        parts
    }

    fn ends_part(&self) -> bool {
        digest(self.name()).is_multiple_of(IN_A_PART)
    }

    fn name(&self) -> &ObjectName {
        match self {
            Self::Policy(policy) => &policy.name,
            Self::Tier(policy) => &policy.name,
        }
    }

    /// Whether it passes anything on.
    pub(super) fn passes(&self, direction: Direction) -> bool {
        self.rules(direction).any(|(action, _)| action == Action::Pass)
    }

    /// About how many rules it makes.
    pub(super) fn weight(&self, direction: Direction) -> usize {
        self.rules(direction).map(|(_, rule)| weight(rule)).sum()
    }

    fn rules(&self, direction: Direction) -> impl Iterator<Item = (Action, &Rule)> {
        let (policy, tier) = match self {
            Self::Policy(policy) => (policy.rules(direction), None),
            Self::Tier(policy) => (None, Some(policy.rules(direction))),
        };
        let policy = policy.into_iter().flatten().map(|rule| (Action::Accept, rule));
        let tier = tier.into_iter().flatten().map(|one| (one.action, &one.rule));
        policy.chain(tier)
    }

    fn address(&self) -> *const () {
        match self {
            Self::Policy(policy) => Arc::as_ptr(policy).cast(),
            Self::Tier(policy) => Arc::as_ptr(policy).cast(),
        }
    }
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        self.address() == other.address()
    }
}

impl Eq for Source {}

impl Hash for Source {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.address().hash(state);
    }
}

/// The rules in order. Those that follow one another with the same action become one step, which needs fewer
/// rules and lookups.
pub(super) fn steps(sources: &[Source], direction: Direction, pod: &Pod) -> Vec<Step> {
    let mut steps: Vec<StepBuilder> = Vec::new();
    for (action, rule) in sources.iter().flat_map(|source| source.rules(direction)) {
        let step = step(action, rule, direction, pod);
        match steps.last_mut() {
            // Its peers or ports matched nothing, such as a port name that the pod does not have.
            _ if step.is_empty() => {}
            Some(last) if last.action == action => last.extend(step),
            _ => steps.push(step),
        }
    }
    steps.into_iter().map(StepBuilder::finish).collect()
}

fn weight(rule: &Rule) -> usize {
    let peers = match &rule.peers {
        Peers::Any => 1,
        Peers::Of(listed) => listed.pods.len() + listed.nodes.len() + listed.blocks.iter().count(),
    };
    let ports = match &rule.ports {
        Ports::Any => 1,
        Ports::Of(ports) => ports.len(),
    };
    peers * ports
}

/// A number that depends on nothing but the name: all nodes, and all versions of this program, cut alike.
fn digest(name: &ObjectName) -> u64 {
    // FNV-1a, whose low bits depend too much on the last characters: names that count up would be cut in
    // steps. The end is that of MurmurHash3.
    let octets = name.name.bytes();
    let hash = octets.fold(0xcbf2_9ce4_8422_2325, |hash: u64, octet| {
        (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
    });
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<ObjectName> {
        (0..count)
            .map(|number| ObjectName::new("shop", format!("policy-{number}")))
            .collect()
    }

    #[test]
    fn names_that_count_up_are_cut_evenly() {
        let cuts = names(4096)
            .iter()
            .filter(|name| digest(name).is_multiple_of(IN_A_PART))
            .count();
        assert!((180..330).contains(&cuts), "{cuts}");
    }
}
