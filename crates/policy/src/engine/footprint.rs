//! What one pod puts into the rules.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use kinglet_model::ObjectName;

use super::{Engine, Slot};
use crate::checked::Direction;
use crate::cluster::Cluster;
use crate::compile::profile;
use crate::rules::{Facts, Id, Member, Profile};

/// The addresses of a pod, and its profiles if the node runs it and policies isolate it. What it gives to
/// sets is found by address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Footprint {
    owned: BTreeSet<IpAddr>,
    pub(super) profiles: Vec<(Id, Arc<Profile>)>,
}

impl Footprint {
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
}

impl Engine {
    /// Takes everything of a pod out of the rules.
    pub(super) fn take(&mut self, name: &ObjectName, footprint: &Footprint) {
        for address in &footprint.owned {
            self.set(Slot::Known(*address), None);
            self.set(Slot::Isolated(*address), None);
            for direction in Direction::BOTH {
                self.set(Slot::Map(direction, *address), None);
            }
            for (id, member) in self.members(&name.namespace, *address) {
                self.set(Slot::Member(id, member), None);
            }
        }
    }

    /// Puts everything of a pod into the rules.
    pub(super) fn give(&mut self, name: &ObjectName, footprint: &Footprint) {
        for address in &footprint.owned {
            self.set(Slot::Known(*address), Some(None));
            for (id, profile) in &footprint.profiles {
                self.set(Slot::Isolated(*address), Some(None));
                self.set(Slot::Map(profile.direction, *address), Some(Some(*id)));
            }
        }
        let Some(pod) = self.cluster.pod(name) else {
            return;
        };
        let facts = Facts::of(&self.cluster, pod);
        let sets = self.holders.candidates(&name.namespace);
        let given = sets.filter_map(|id| Some((id, self.rules.sets.get(&id)?)));
        let given: Vec<_> = given
            .flat_map(|(id, set)| {
                set.kind
                    .members(&facts)
                    .into_iter()
                    .map(move |member| (id, member))
            })
            .collect();
        for (id, member) in given {
            self.set(Slot::Member(id, member), Some(None));
        }
    }

    /// The members that are of an address, of sets that pods of a namespace can be in.
    fn members(&self, namespace: &Arc<str>, address: IpAddr) -> Vec<(Id, Member)> {
        let sets = self.holders.candidates(namespace);
        let sets = sets.filter_map(|id| Some((id, self.rules.sets.get(&id)?)));
        let first = Member { address, port: None };
        sets.flat_map(|(id, set)| {
            let members = set.members.range(first..);
            let members = members.take_while(move |member| member.address == address);
            members.map(move |member| (id, *member))
        })
        .collect()
    }
}
