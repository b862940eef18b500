//! Whether a rule matches.

use std::sync::Arc;

use kinglet_model::Pod;

use crate::checked::{Direction, Peers, Port, PortMatch, Ports, Rule};
use crate::cluster::Cluster;
use crate::packet::{Packet, Transport};

/// A packet, and the pods at its ends.
pub(crate) struct Ends<'a> {
    pub(crate) packet: &'a Packet,
    pub(crate) source: Option<&'a Arc<Pod>>,
    pub(crate) destination: Option<&'a Arc<Pod>>,
}

impl<'a> Ends<'a> {
    pub(crate) fn of(cluster: &'a Cluster, packet: &'a Packet) -> Self {
        Self {
            packet,
            source: cluster.owner(packet.source),
            destination: cluster.owner(packet.destination),
        }
    }
}

/// Whether a rule matches.
pub(super) fn rule(rule: &Rule, cluster: &Cluster, ends: &Ends<'_>, direction: Direction) -> bool {
    peers(&rule.peers, cluster, ends, direction) && ports(&rule.ports, ends)
}

/// Whether the other side is one of the peers.
pub(crate) fn peers(peers: &Peers, cluster: &Cluster, ends: &Ends<'_>, direction: Direction) -> bool {
    let (address, pod) = match direction {
        Direction::Ingress => (ends.packet.source, ends.source),
        Direction::Egress => (ends.packet.destination, ends.destination),
    };
    match peers {
        Peers::Any => true,
        Peers::Of(listed) => {
            let labels = pod.and_then(|pod| cluster.labels(&pod.metadata.namespace));
            let is_meant = |pod: &Arc<Pod>| listed.pods.iter().any(|peer| peer.matches(pod, labels));
            // Addresses count as they are on the wire: a pod on its node's network has that of the node.
            let is_node = |selector| cluster.node_addresses(selector).contains(&address);
            pod.is_some_and(is_meant) || listed.blocks.contains(address) || listed.nodes.iter().any(is_node)
        }
    }
}

/// Whether the destination port is one of the ports. Names are those of the destination pod.
pub(crate) fn ports(ports: &Ports, ends: &Ends<'_>) -> bool {
    match ports {
        Ports::Any => true,
        Ports::Of(ports) => ports.iter().any(|port| is_port(port, ends)),
    }
}

fn is_port(port: &Port, ends: &Ends<'_>) -> bool {
    // A rule with ports never matches ICMP and other protocols without ports.
    let Transport::Port(protocol, number) = ends.packet.transport else {
        return false;
    };
    let named = |name: &str, pod: &Arc<Pod>| {
        let mut ports = pod.named_ports.iter();
        ports.any(|port| &*port.name == name && port.protocol == protocol && port.number == number)
    };
    port.protocol == protocol
        && match &port.ports {
            PortMatch::Any => true,
            PortMatch::Range(first, last) => (*first..=*last).contains(&number),
            PortMatch::Named(name) => ends.destination.is_some_and(|pod| named(name, pod)),
        }
}
