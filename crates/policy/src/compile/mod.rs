//! Compiles policies to rules, from scratch.

mod compiler;
mod profile;
mod rule;
mod source;
mod step;

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::cluster::Cluster;
use crate::rules::{Member, PodFacts, Rules, Set, SetKind, SharedProfile};

pub(crate) use compiler::Compiler;

impl Rules {
    /// The rules of the node with this name.
    pub fn compile(cluster: &Cluster, node: &str) -> Self {
        let (mut rules, mut compiler) = (Self::default(), Compiler::default());
        for pod in cluster.all_pods() {
            let owned = cluster.owned(pod);
            // Of all nodes: the rules must know which addresses are of pods.
            rules.known.extend(&owned);
            if *pod.node_name != *node || owned.is_empty() {
                continue;
            }
            // Without a limit nothing is left out.
            for profile in compiler.profiles(cluster, pod).unwrap_or_default() {
                rules.isolate(&owned, &profile, cluster);
            }
        }
        rules
    }

    fn isolate(&mut self, addresses: &BTreeSet<IpAddr>, profile: &SharedProfile, cluster: &Cluster) {
        self.isolated.extend(addresses);
        let map = self.map_mut(profile.1.direction);
        map.extend(addresses.iter().map(|address| (*address, profile.0)));
        self.add(profile, cluster);
    }

    fn add(&mut self, (id, profile): &SharedProfile, cluster: &Cluster) {
        for (_, id, kind) in profile.sets() {
            self.sets.entry(id).or_insert_with(|| filled(kind, cluster));
        }
        self.profiles.entry(*id).or_insert_with(|| profile.clone());
        for next in profile.leads_to() {
            self.add(next, cluster);
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
