//! Who reaches whom.

use std::sync::Arc;

use kinglet_model::{Object, ObjectName, Pod};

use super::answer::{Endpoint, Question, Verdict};
use super::networks::PodNetworks;
use crate::cluster::Cluster;
use crate::packet::Transport;
use crate::settings::PolicySettings;

/// Which pods of some namespaces reach which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reachability {
    /// The pods that have or will have addresses of their own, by name.
    pub pods: Vec<ObjectName>,
    /// For each pod as source, for each pod as destination: whether it is reached, in every family that both
    /// have; nothing without one, and without the port.
    pub cells: Vec<Vec<Option<Verdict>>>,
}

impl Cluster {
    /// Which pods of these namespaces reach which, by a protocol and port that may be another one for each
    /// destination. Pods without an address are in `networks`.
    pub fn reachability(
        &self,
        namespaces: &[Arc<str>],
        transport: impl Fn(&Pod) -> Option<Transport>,
        networks: &PodNetworks,
        settings: &PolicySettings,
    ) -> Reachability {
        let pods = namespaces.iter().flat_map(|namespace| self.pods_of(namespace));
        let pods: Vec<(&Arc<Pod>, Endpoint)> = pods
            .filter_map(|pod| Some((pod, self.endpoint(pod, networks)?)))
            .collect();
        let row = |(_, from): &(&Arc<Pod>, Endpoint)| {
            let cells = pods.iter().map(|(destination, to)| {
                let question = Question {
                    from: from.clone(),
                    to: to.clone(),
                    transport: transport(destination)?,
                };
                self.verdict(&question, settings)
            });
            cells.collect()
        };
        Reachability {
            cells: pods.iter().map(row).collect(),
            pods: pods.iter().map(|(pod, _)| pod.object_name()).collect(),
        }
    }

    /// A pod as an end of a connection; nothing if it has no address of its own, nor will have one. Pods
    /// without an address are in `networks`.
    pub fn endpoint(&self, pod: &Arc<Pod>, networks: &PodNetworks) -> Option<Endpoint> {
        if pod.host_network || pod.is_finished() {
            return None;
        }
        if pod.ips.is_empty() {
            return Some(Endpoint::Unknown(pod.clone(), networks.clone()));
        }
        // Another pod may have the address by now.
        let owned = self.owned(pod);
        (!owned.is_empty()).then(|| Endpoint::Addresses(owned.into_iter().collect()))
    }
}
