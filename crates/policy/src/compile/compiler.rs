//! Makes profiles once, and not too many at a time.

use std::collections::HashMap;
use std::sync::Arc;

use kinglet_model::{Pod, Protocol};

use super::source::{Source, steps};
use crate::checked::Direction;
use crate::rules::{Body, End, Profile, SharedProfile};

/// Looks at policies that take about as long as to make a rule.
const LOOKS: usize = 16;

/// Makes profiles of policies. It keeps what it made: of many policies of a pod, few are others than they
/// were before a change, and pods that the same policies select have the same profiles.
#[derive(Debug, Default)]
pub(crate) struct Compiler {
    made: HashMap<Key, SharedProfile>,
    /// What was made since it was taken.
    fresh: Vec<SharedProfile>,
    /// About how many rules may still be made; all, if there is no limit.
    left: Option<usize>,
    /// How many policies were compiled.
    compiled: usize,
}

/// No more rules may be made now.
#[derive(Debug)]
pub(crate) struct Exhausted;

/// What the steps of a profile depend on.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    direction: Direction,
    sources: Vec<Source>,
    /// The pod's names of ports, if they matter.
    ports: Vec<(Arc<str>, Protocol, u16)>,
    end: String,
}

impl Compiler {
    /// From now on about so many rules may be made; without a limit, all.
    pub(crate) fn limit(&mut self, rules: Option<usize>) {
        self.left = rules;
    }

    /// Whether nothing may be made any more.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.left == Some(0)
    }

    /// What was made since the last call.
    pub(crate) fn take_fresh(&mut self) -> Vec<SharedProfile> {
        std::mem::take(&mut self.fresh)
    }

    /// How many policies were compiled, each as often as that was done.
    pub(crate) fn compiled(&self) -> usize {
        self.compiled
    }

    /// Forgets what no rules have any more.
    pub(crate) fn forget_unused(&mut self) {
        self.made.retain(|_, (_, profile)| Arc::strong_count(profile) > 1);
    }

    /// A profile with the steps of these policies.
    pub(super) fn steps(
        &mut self,
        sources: Vec<Source>,
        direction: Direction,
        pod: &Pod,
        end: &End,
    ) -> Result<SharedProfile, Exhausted> {
        let key = Key {
            direction,
            sources,
            ports: port_names(direction, pod),
            end: end.to_string(),
        };
        if let Some(made) = self.made.get(&key) {
            return Ok(made.clone());
        }
        if self.is_exhausted() {
            return Err(Exhausted);
        }
        self.compiled += key.sources.len();
        self.charge(key.sources.iter().map(|source| source.weight(direction)).sum());
        let profile = Profile {
            direction,
            body: Body::Steps(steps(&key.sources, direction, pod)),
            end: end.clone(),
        };
        let made = (profile.id(), Arc::new(profile));
        self.fresh.push(made.clone());
        self.made.insert(key, made.clone());
        Ok(made)
    }

    /// Counts the policies of a pod that are only looked at.
    pub(super) fn charge_for_look(&mut self, policies: usize) {
        self.charge(policies / LOOKS + 1);
    }

    fn charge(&mut self, rules: usize) {
        self.left = self.left.map(|left| left.saturating_sub(rules));
    }
}

/// Rules for ingress resolve names of ports at the pod itself.
fn port_names(direction: Direction, pod: &Pod) -> Vec<(Arc<str>, Protocol, u16)> {
    let named = pod.named_ports.iter().filter(|_| direction == Direction::Ingress);
    named
        .map(|port| (port.name.clone(), port.protocol, port.number))
        .collect()
}
