//! Policies to rules, from nothing.

mod profile;
mod rule;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::checked::Direction;
use crate::cluster::Cluster;
use crate::rules::{Facts, Kind, Profile, Rules, Set};

pub(crate) use profile::profile;

impl Rules {
    /// The rules of the node of this name.
    pub fn compile(cluster: &Cluster, node: &str) -> Self {
        let mut rules = Self::default();
        for pod in cluster.all_pods() {
            let owned = cluster.owned(pod);
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
        for kind in profile.sets() {
            let set = self.sets.entry(kind.id());
            set.or_insert_with(|| filled(kind, cluster));
        }
        self.isolated.extend(&addresses);
        let map = self.map_mut(profile.direction);
        map.extend(addresses.into_iter().map(|address| (address, id)));
        self.profiles.entry(id).or_insert_with(|| Arc::new(profile));
    }
}

/// A set with what the pods of the cluster give to it.
pub(crate) fn filled(kind: Kind, cluster: &Cluster) -> Set {
    let mut members = BTreeSet::new();
    let mut add = |pod| members.extend(kind.members(&Facts::of(cluster, pod)));
    match (&kind, kind.namespace()) {
        (Kind::Ranges(_), _) => {}
        (_, Some(namespace)) => cluster.pods_of(namespace).for_each(|pod| add(pod)),
        (_, None) => cluster.all_pods().for_each(|pod| add(pod)),
    }
    Set { kind, members }
}
