//! The two ends of a connection that is asked about.

use std::net::IpAddr;
use std::sync::Arc;

use anyhow::{Result, bail, ensure};
use kinglet_model::{ObjectName, Pod};
use kinglet_policy::{Packet, Path, Transport};

use super::known::Known;

/// An end of a connection.
pub(super) enum End {
    /// A pod, which has at least one address.
    Pod(Arc<Pod>),
    Address(IpAddr),
}

impl End {
    fn addresses(&self) -> Vec<IpAddr> {
        match self {
            Self::Pod(pod) => pod.ips.clone(),
            Self::Address(address) => vec![*address],
        }
    }
}

impl Known {
    /// The end that a text means: NAMESPACE/POD or an address.
    pub(super) fn end(&self, text: &str) -> Result<End> {
        if let Ok(address) = text.parse() {
            let service = self
                .services
                .iter()
                .find(|service| service.cluster_ips.contains(&address));
            if let Some(service) = service {
                let name = &service.metadata;
                bail!(
                    "this is the address of Service {}/{}: policies see the pods behind it; ask for one of them, and its port",
                    name.namespace,
                    name.name
                );
            }
            return Ok(End::Address(address));
        }
        let Some((namespace, name)) = text.split_once('/') else {
            bail!("NAMESPACE/POD or an address is accepted");
        };
        let Some(pod) = self.cluster.pod(&ObjectName::new(namespace, name)) else {
            bail!("there is no such pod");
        };
        ensure!(
            !pod.is_finished(),
            "the pod is finished ({}): it is no end of connections",
            pod.phase
        );
        ensure!(
            !pod.ips.is_empty(),
            "the pod has no address yet (phase {})",
            pod.phase
        );
        Ok(End::Pod(pod.clone()))
    }

    /// The first packets of connections, one for each family that both ends have.
    pub(super) fn packets(&self, from: &End, to: &End, transport: Transport) -> Result<Vec<Packet>> {
        let mut packets = Vec::new();
        for source in from.addresses() {
            let destinations = to.addresses().into_iter();
            for destination in destinations.filter(|one| one.is_ipv4() == source.is_ipv4()) {
                let mut packet = Packet::new(source, destination, transport);
                packet.path = self.path(source, destination);
                packets.push(packet);
            }
        }
        ensure!(
            !packets.is_empty(),
            "--from and --to have no address family in common"
        );
        Ok(packets)
    }

    /// Connections between a node and the pods that it runs are special.
    fn path(&self, source: IpAddr, destination: IpAddr) -> Path {
        let runs = |node: IpAddr, pod: IpAddr| {
            let pod = self.cluster.owner(pod);
            pod.is_some_and(|pod| self.is_of_node(node, &pod.node_name))
        };
        if runs(source, destination) {
            Path::FromNode
        } else if runs(destination, source) {
            Path::ToNode
        } else {
            Path::Forwarded
        }
    }

    fn is_of_node(&self, address: IpAddr, name: &str) -> bool {
        let node = self.nodes.iter().find(|node| &*node.metadata.name == name);
        let addresses = node.into_iter().flat_map(|node| &node.addresses);
        addresses
            .filter_map(|one| one.address.parse().ok())
            .any(|one: IpAddr| one == address)
    }
}
