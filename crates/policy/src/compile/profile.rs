//! Compiles the profile of a pod.

use std::sync::Arc;

use kinglet_model::Pod;

use super::rule::step;
use crate::checked::{Action, Direction, Rule, Tier};
use crate::cluster::Cluster;
use crate::rules::{End, Profile, Step};

/// What a pod allows in a direction; nothing if no policy selects it.
pub(crate) fn profile(cluster: &Cluster, pod: &Pod, direction: Direction) -> Option<Profile> {
    let rest = policies(cluster, pod, direction).or_else(|| {
        let steps = tier(cluster, pod, direction, Tier::Baseline);
        let end = End::Allow;
        (!steps.is_empty()).then_some(Profile {
            direction,
            steps,
            end,
        })
    });
    let steps = tier(cluster, pod, direction, Tier::Admin);
    // Without rules in the Admin tier, pods lead to the shared profile directly: one chain less for each
    // packet.
    if steps.is_empty() {
        return rest;
    }
    let end = rest.map_or(End::Allow, |rest| End::Next(rest.id(), Arc::new(rest)));
    Some(Profile {
        direction,
        steps,
        end,
    })
}

/// What NetworkPolicies allow, if any isolates the pod. Their rules are one step: a packet passes if any of
/// them matches, so that their order does not matter.
fn policies(cluster: &Cluster, pod: &Pod, direction: Direction) -> Option<Profile> {
    let mut isolating = cluster.isolating(pod, direction).peekable();
    // A policy without rules isolates, too: that is not the same as no policy.
    isolating.peek()?;
    let rules = isolating.flat_map(|policy| policy.rules(direction).unwrap_or_default());
    let rules = rules.map(|rule| (Action::Accept, rule));
    Some(Profile {
        direction,
        steps: steps(rules, direction, pod),
        end: End::Deny,
    })
}

fn tier(cluster: &Cluster, pod: &Pod, direction: Direction, tier: Tier) -> Vec<Step> {
    let policies = cluster.of_tier(pod, tier);
    let rules = policies.iter().flat_map(|policy| policy.rules(direction));
    steps(rules.map(|one| (one.action, &one.rule)), direction, pod)
}

/// The rules in order. Those that follow one another with the same action become one step, which needs fewer
/// rules and lookups.
fn steps<'a>(rules: impl Iterator<Item = (Action, &'a Rule)>, direction: Direction, pod: &Pod) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (action, rule) in rules {
        let step = step(action, rule, direction, pod);
        match steps.last_mut() {
            // Its peers or ports matched nothing, such as a port name that the pod does not have.
            _ if step.is_empty() => {}
            Some(last) if last.action == action => last.extend(step),
            _ => steps.push(step),
        }
    }
    for step in &mut steps {
        step.simplify();
        step.flatten();
    }
    steps
}
