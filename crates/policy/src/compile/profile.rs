//! Compiles the profiles of a pod.

use std::sync::Arc;

use kinglet_model::Pod;

use super::compiler::{Compiler, Exhausted};
use super::source::Source;
use crate::checked::{Direction, Tier};
use crate::cluster::Cluster;
use crate::rules::{Body, End, Profile, SharedProfile};

impl Compiler {
    /// What a pod allows in the directions in which policies select it.
    ///
    /// # Errors
    /// No more rules may be made now. What was made is kept, so that the next attempt comes further.
    pub(crate) fn profiles(&mut self, cluster: &Cluster, pod: &Pod) -> Result<Vec<SharedProfile>, Exhausted> {
        let mut profiles = Vec::new();
        for direction in Direction::BOTH {
            profiles.extend(self.profile(cluster, pod, direction)?);
        }
        Ok(profiles)
    }

    fn profile(
        &mut self,
        cluster: &Cluster,
        pod: &Pod,
        direction: Direction,
    ) -> Result<Option<SharedProfile>, Exhausted> {
        let rest = match self.isolation(cluster, pod, direction)? {
            Some(isolation) => Some(isolation),
            None => self.tier(cluster, pod, direction, Tier::Baseline, End::Allow)?,
        };
        // Without rules in the Admin tier, pods lead to the shared profile directly: one chain less for each
        // packet.
        let end = rest.clone().map_or(End::Allow, End::Next);
        let first = self.tier(cluster, pod, direction, Tier::Admin, end)?;
        Ok(first.or(rest))
    }

    /// What NetworkPolicies allow, if any isolates the pod. Their rules are one step: a packet passes if any
    /// of them matches, so that their order does not matter.
    fn isolation(
        &mut self,
        cluster: &Cluster,
        pod: &Pod,
        direction: Direction,
    ) -> Result<Option<SharedProfile>, Exhausted> {
        let isolating = cluster.isolating(pod, direction);
        let sources: Vec<_> = isolating.cloned().map(Source::Policy).collect();
        // A policy without rules isolates, too: that is not the same as no policy.
        if sources.is_empty() {
            return Ok(None);
        }
        self.all(sources, direction, pod, End::Deny).map(Some)
    }

    /// The rules of a tier, if there are any.
    fn tier(
        &mut self,
        cluster: &Cluster,
        pod: &Pod,
        direction: Direction,
        tier: Tier,
        end: End,
    ) -> Result<Option<SharedProfile>, Exhausted> {
        let policies = cluster.of_tier(pod, tier).into_iter();
        let policies = policies.filter(|policy| !policy.rules(direction).is_empty());
        let sources: Vec<_> = policies.cloned().map(Source::Tier).collect();
        if sources.is_empty() {
            return Ok(None);
        }
        let made = self.all(sources, direction, pod, end)?;
        Ok(Some(made).filter(|(_, profile)| !profile.is_empty()))
    }

    /// The rules of policies: of a few in one profile, of many in parts.
    fn all(
        &mut self,
        sources: Vec<Source>,
        direction: Direction,
        pod: &Pod,
        end: End,
    ) -> Result<SharedProfile, Exhausted> {
        self.charge_for_look(sources.len());
        if sources.len() <= Source::TOGETHER {
            return self.steps(sources, direction, pod, &end);
        }
        let mut parts = Vec::new();
        for sources in Source::parts(sources) {
            let passes = sources.iter().any(|source| source.passes(direction));
            let next = End::NextPart(passes.then(|| Box::new(end.clone())));
            let part = self.steps(sources, direction, pod, &next)?;
            // Its policies allow nothing, or name ports that the pod does not have.
            if !part.1.is_empty() {
                parts.push(part);
            }
        }
        let profile = Profile {
            direction,
            body: Body::Parts(parts),
            end,
        };
        Ok((profile.id(), Arc::new(profile)))
    }
}
