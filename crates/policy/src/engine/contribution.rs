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
use crate::rules::{Id, Member, PodFacts, Rules, SharedProfile};

/// The addresses of a pod, and its profiles if the node runs it and policies select it. Its members of sets
/// are not kept, which would cost memory for each pod of the cluster: they are found by address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Contribution {
    pub(super) owned: BTreeSet<IpAddr>,
    pub(super) profiles: Vec<SharedProfile>,
}

impl Contribution {
    /// Removes all elements of the pod.
    pub(super) fn remove(&self, name: &ObjectName, tracked: &mut TrackedRules, references: &References) {
        for address in &self.owned {
            tracked.set(Slot::Known(*address), None);
            for (id, member) in members(&tracked.rules, references, &name.namespace, *address) {
                tracked.set(Slot::Member(id, member), None);
            }
        }
        self.lead_to(&[], tracked);
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
        }
        self.lead_to(&self.profiles, tracked);
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

    /// Leads the pod's addresses to these profiles, and to no others.
    pub(super) fn lead_to(&self, profiles: &[SharedProfile], tracked: &mut TrackedRules) {
        for address in &self.owned {
            let isolated = (!profiles.is_empty()).then_some(None);
            tracked.set(Slot::Isolated(*address), isolated);
            for direction in Direction::BOTH {
                let mut profiles = profiles.iter();
                let profile = profiles.find(|(_, profile)| profile.direction == direction);
                tracked.set(Slot::Map(direction, *address), profile.map(|(id, _)| Some(*id)));
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
