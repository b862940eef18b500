//! Who reaches whom in a namespace.

use std::sync::Arc;

use kinglet_model::{ObjectName, Pod};

use crate::cluster::Cluster;
use crate::packet::{Packet, Transport};
use crate::settings::PolicySettings;

/// Which pods of a namespace reach which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reachability {
    /// The pods that have addresses of their own, by name.
    pub pods: Vec<ObjectName>,
    /// For each pod as source, for each pod as destination: whether it is reached, in every family that both
    /// have; nothing without one.
    pub cells: Vec<Vec<Option<bool>>>,
}

impl Cluster {
    /// Which pods of a namespace reach which by a protocol and port.
    pub fn reachability(
        &self,
        namespace: &str,
        transport: Transport,
        settings: &PolicySettings,
    ) -> Reachability {
        let namespace = namespace.into();
        let pods = self.pods_of(&namespace);
        let pods: Vec<_> = pods.filter(|pod| !self.owned(pod).is_empty()).collect();
        let row = |source: &&Arc<Pod>| {
            let cells = pods.iter();
            cells
                .map(|destination| self.reaches(source, destination, transport, settings))
                .collect()
        };
        Reachability {
            cells: pods.iter().map(row).collect(),
            pods: pods.iter().map(|pod| pod.metadata.object_name()).collect(),
        }
    }

    fn reaches(
        &self,
        source: &Pod,
        destination: &Pod,
        transport: Transport,
        settings: &PolicySettings,
    ) -> Option<bool> {
        let (sources, destinations) = (self.owned(source), self.owned(destination));
        let pairs = sources.iter().flat_map(|source| {
            let same = destinations
                .iter()
                .filter(|one| one.is_ipv4() == source.is_ipv4());
            same.map(|destination| Packet::new(*source, *destination, transport))
        });
        let verdicts = pairs.map(|packet| self.evaluate(&packet, settings).allowed());
        // Nothing to reduce means no common family, which is neither allowed nor denied.
        verdicts.reduce(|one, other| one && other)
    }
}
