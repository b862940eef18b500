//! What one pod contributes to the rules.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use kinglet_model::ObjectName;

use super::pending::Slot;
use super::references::References;
use super::tracked::TrackedRules;
use crate::checked::Direction;
use crate::cluster::Cluster;
use crate::compile::profile;
use crate::rules::{Id, Member, PodFacts, Profile, Rules};

/// The addresses of a pod, and its profiles if the node runs it and policies select it. Its members of sets
/// are not kept, which would cost memory for each pod of the cluster: they are found by address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Contribution {
    owned: BTreeSet<IpAddr>,
    pub(super) profiles: Vec<(Id, Arc<Profile>)>,
}

impl Contribution {
    pub(super) fn of(cluster: &Cluster, name: &ObjectName, node: &str) -> Self {
        let Some(pod) = cluster.pod(name) else {
            return Self::default();
        };
        let owned = cluster.owned(pod);
        if owned.is_empty() || *pod.node_name != *node {
            let profiles = Vec::new();
            return Self { owned, profiles };
        }
        let profiles = Direction::BOTH.into_iter();
        let profiles = profiles.filter_map(|direction| profile(cluster, pod, direction));
        let profiles = profiles.map(|profile| (profile.id(), Arc::new(profile)));
        Self {
            owned,
            profiles: profiles.collect(),
        }
    }

    /// Removes all elements of the pod.
    pub(super) fn remove(&self, name: &ObjectName, tracked: &mut TrackedRules, references: &References) {
        for address in &self.owned {
            tracked.set(Slot::Known(*address), None);
            tracked.set(Slot::Isolated(*address), None);
            for direction in Direction::BOTH {
                tracked.set(Slot::Map(direction, *address), None);
            }
            for (id, member) in members(&tracked.rules, references, &name.namespace, *address) {
                tracked.set(Slot::Member(id, member), None);
            }
        }
    }

    /// Adds all elements of the pod.
    pub(super) fn add(
        &self,
        name: &ObjectName,
        cluster: &Cluster,
        tracked: &mut TrackedRules,
        references: &References,
    ) {
        for address in &self.owned {
            tracked.set(Slot::Known(*address), Some(None));
            for (id, profile) in &self.profiles {
                tracked.set(Slot::Isolated(*address), Some(None));
                tracked.set(Slot::Map(profile.direction, *address), Some(Some(*id)));
            }
        }
        let Some(pod) = cluster.pod(name) else {
            return;
        };
        let facts = PodFacts::of(cluster, pod);
        for id in references.candidates(&name.namespace) {
            let set = tracked.rules.sets.get(&id);
            for member in set.map(|set| set.kind.members(&facts)).unwrap_or_default() {
                tracked.set(Slot::Member(id, member), Some(None));
            }
        }
    }
}

/// The members with an address, of the sets that pods of a namespace can be in.
fn members(
    rules: &Rules,
    references: &References,
    namespace: &Arc<str>,
    address: IpAddr,
) -> Vec<(Id, Member)> {
    let sets = references.candidates(namespace);
    let sets = sets.filter_map(|id| Some((id, rules.sets.get(&id)?)));
    // Members are ordered by address, and one without a port comes before those with one.
    let first = Member { address, port: None };
    sets.flat_map(|(id, set)| {
        let members = set.members.range(first..);
        let members = members.take_while(move |member| member.address == address);
        members.map(move |member| (id, *member))
    })
    .collect()
}
