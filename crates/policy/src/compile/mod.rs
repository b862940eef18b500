//! Compiles policies to rules, from scratch.

mod profile;
mod rule;
mod step;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::checked::Direction;
use crate::cluster::Cluster;
use crate::rules::{Id, Member, PodFacts, Profile, Rules, Set, SetKind};

pub(crate) use profile::profile;

impl Rules {
    /// The rules of the node with this name.
    pub fn compile(cluster: &Cluster, node: &str) -> Self {
        let mut rules = Self::default();
        for pod in cluster.all_pods() {
            let owned = cluster.owned(pod);
            // Of all nodes: the rules must know which addresses are of pods.
            rules.known.extend(&owned);
            if *pod.node_name != *node || owned.is_empty() {
                continue;
            }
            for direction in Direction::BOTH {
                if let Some(profile) = profile(cluster, pod, direction) {
                    rules.isolate(owned.clone(), profile, cluster);
                }
            }
        }
        rules
    }

    fn isolate(&mut self, addresses: BTreeSet<std::net::IpAddr>, profile: Profile, cluster: &Cluster) {
        let id = profile.id();
        self.isolated.extend(&addresses);
        let map = self.map_mut(profile.direction);
        map.extend(addresses.into_iter().map(|address| (address, id)));
        self.add(id, &Arc::new(profile), cluster);
    }

    fn add(&mut self, id: Id, profile: &Arc<Profile>, cluster: &Cluster) {
        for (_, kind) in profile.sets() {
            let set = self.sets.entry(kind.id());
            set.or_insert_with(|| filled(kind, cluster));
        }
        self.profiles.entry(id).or_insert_with(|| profile.clone());
        if let Some((id, next)) = profile.next() {
            self.add(id, next, cluster);
        }
    }
}

/// A set with its members from the pods and nodes of the cluster.
pub(crate) fn filled(kind: SetKind, cluster: &Cluster) -> Set {
    let mut members = BTreeSet::new();
    let given = |pod| kind.members(&PodFacts::of(cluster, pod));
    match (&kind, kind.namespace()) {
        (SetKind::Ranges(_), _) => {}
        (SetKind::Nodes(selector), _) => {
            let addresses = cluster.node_addresses(selector).into_iter();
            members.extend(addresses.map(Member::of));
        }
        // Most selectors are of one namespace: other pods need not be looked at.
        (_, Some(namespace)) => members.extend(cluster.pods_of(namespace).flat_map(|pod| given(pod))),
        (_, None) => members.extend(cluster.all_pods().flat_map(|pod| given(pod))),
    }
    Set { kind, members }
}
