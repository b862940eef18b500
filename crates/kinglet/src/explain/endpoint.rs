//! The two ends of a connection that `--from` and `--to` name.

use std::net::IpAddr;
use std::sync::Arc;

use anyhow::{Result, bail, ensure};
use kinglet_model::{ObjectName, Pod};
use kinglet_policy::{Packet, Path, Transport};

use super::objects::Objects;

/// An end of a connection.
pub(super) enum Endpoint {
    /// A pod, which has at least one address.
    Pod(Arc<Pod>),
    Address(IpAddr),
}

impl Endpoint {
    /// Reads NAMESPACE/POD or an address.
    pub(super) fn parse(text: &str, objects: &Objects) -> Result<Self> {
        if let Ok(address) = text.parse() {
            return Self::of_address(address, objects);
        }
        let Some((namespace, name)) = text.split_once('/') else {
            bail!("NAMESPACE/POD or an address is accepted");
        };
        let Some(pod) = objects.cluster.pod(&ObjectName::new(namespace, name)) else {
            bail!("there is no such pod");
        };
        ensure!(
            !pod.is_finished(),
            "the pod has finished (phase {}) and has no connections",
            pod.phase
        );
        ensure!(
            !pod.ips.is_empty(),
            "the pod has no address yet (phase {})",
            pod.phase
        );
        Ok(Self::Pod(pod.clone()))
    }

    fn of_address(address: IpAddr, objects: &Objects) -> Result<Self> {
        let mut services = objects.services.iter();
        // DNAT comes before the filter hooks, so that no policy ever sees the address of a Service.
        if let Some(service) = services.find(|service| service.cluster_ips.contains(&address)) {
            bail!(
                "this is the address of Service {}/{}: policies apply to the pods behind it; name one of them, \
                 and its port",
                service.metadata.namespace,
                service.metadata.name
            );
        }
        Ok(Self::Address(address))
    }

    fn addresses(&self) -> Vec<IpAddr> {
        match self {
            Self::Pod(pod) => pod.ips.clone(),
            Self::Address(address) => vec![*address],
        }
    }
}

/// The first packets of the connections, one for each address family that both ends have.
pub(super) fn packets(
    objects: &Objects,
    from: &Endpoint,
    to: &Endpoint,
    transport: Transport,
) -> Result<Vec<Packet>> {
    let mut packets = Vec::new();
    for source in from.addresses() {
        let destinations = to.addresses().into_iter();
        for destination in destinations.filter(|one| one.is_ipv4() == source.is_ipv4()) {
            let mut packet = Packet::new(source, destination, transport);
            packet.path = path(objects, source, destination);
            packets.push(packet);
        }
    }
    ensure!(
        !packets.is_empty(),
        "--from and --to have no address family in common"
    );
    Ok(packets)
}

/// How the packet passes the node: policies apply otherwise between a node and the pods that it runs.
fn path(objects: &Objects, source: IpAddr, destination: IpAddr) -> Path {
    let runs = |node: IpAddr, pod: IpAddr| {
        let pod = objects.cluster.owner(pod);
        pod.is_some_and(|pod| is_of_node(objects, node, &pod.node_name))
    };
    if runs(source, destination) {
        Path::FromNode
    } else if runs(destination, source) {
        Path::ToNode
    } else {
        Path::Forwarded
    }
}

fn is_of_node(objects: &Objects, address: IpAddr, name: &str) -> bool {
    let node = objects.nodes.iter().find(|node| &*node.metadata.name == name);
    let addresses = node.into_iter().flat_map(|node| &node.addresses);
    addresses
        .filter_map(|one| one.address.parse().ok())
        .any(|one: IpAddr| one == address)
}
