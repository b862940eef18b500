//! Connections from pods to servers on nodes.

use std::net::IpAddr;

use kinglet_lab::Place;
use kinglet_model::{Node, ObjectName, Protocol};
use kinglet_policy::{Packet, Path, PolicySettings, Transport};
use serde_json::{Value, json};

use super::World;
use crate::netpol::prober::{self, Question};

/// What is asked about every pod and node.
pub(crate) const NODE_PORTS: [(Protocol, u16); 3] = [
    (Protocol::Tcp, 9300),
    (Protocol::Tcp, 9301),
    (Protocol::Udp, 9300),
];

impl World {
    /// A node of the lab.
    pub(crate) fn node(&self, name: &str) -> Place {
        self.lab.entry().place(&format!("node:{name}")).unwrap()
    }

    /// Sets a label of a Node, or takes it away.
    pub(crate) fn label_node(&self, node: &str, key: &str, value: Option<&str>) {
        let value = value.map_or(Value::Null, Value::from);
        let patch = json!({"metadata": {"labels": {key: value}}});
        let nodes = self.collection::<Node>();
        let name = ObjectName::cluster(node);
        self.runtime.block_on(nodes.merge(&name, &patch)).unwrap();
    }

    /// What the plain reading of policies says of every pod and every address of these nodes.
    pub(crate) fn questions_to(&self, nodes: &[Place]) -> Vec<Question> {
        let (cluster, settings) = (self.cluster(), PolicySettings::default());
        let addresses = nodes.iter().flat_map(|node| {
            let addresses = node.description.addresses.iter();
            addresses.map(|to| (node.description.node.as_str(), *to))
        });
        let mut questions = Vec::new();
        for (node, to) in addresses {
            for (from, pod) in self.places.iter().enumerate() {
                let own = pod.description.addresses.iter();
                let own = own.copied().find(|own| own.is_ipv4() == to.is_ipv4()).unwrap();
                let path = if pod.description.node == node {
                    Path::ToNode
                } else {
                    Path::Forwarded
                };
                for (protocol, port) in NODE_PORTS {
                    let packet = Packet {
                        path,
                        ..Packet::new(own, to, Transport::Port(protocol, port))
                    };
                    let expected = cluster.evaluate(&packet, &settings).allowed();
                    questions.push(Question {
                        from,
                        to,
                        protocol,
                        port,
                        expected,
                    });
                }
            }
        }
        questions
    }

    /// Asks, and describes what differs from what policies say.
    pub(crate) fn differences_to(&self, nodes: &[Place]) -> Vec<String> {
        let wrong = prober::wrong(&self.runtime, &self.places, &self.questions_to(nodes));
        let from = |one: &Question| &self.places[one.from].description.label;
        let each = wrong.iter().map(|one| {
            let address: IpAddr = one.to;
            format!(
                "{} -> {address} {:?} {} is not {}",
                from(one),
                one.protocol,
                one.port,
                one.expected
            )
        });
        each.collect()
    }
}
