//! Packets that the kernel denied and logged.

use std::net::IpAddr;

use kinglet_model::{Object, ObjectName, Protocol};
use kinglet_nft::{Layer4, Logged, Set, Tuple};

use crate::checked::{Action, Direction};
use crate::evaluate::{Decision, Evaluation, Side};
use crate::lower;
use crate::packet::{Packet, Transport};
use crate::policies::Policies;

/// A packet that was denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// Whether the egress side or the ingress side denied it.
    pub direction: Direction,
    /// The packet.
    pub packet: Packet,
    /// The port that it comes from, where there are ports.
    pub source_port: Option<u16>,
    /// The pod that it comes from, if it is one.
    pub source: Option<ObjectName>,
    /// The pod that it goes to, if it is one.
    pub destination: Option<ObjectName>,
    /// The NetworkPolicies that isolate the pod of that side: a rule in any of them could allow the packet.
    /// Or the ClusterNetworkPolicy that denies it, whose name has no namespace. Empty if they have changed
    /// since.
    pub policies: Vec<ObjectName>,
}

impl Policies {
    /// Why a logged packet was denied; nothing if other rules logged it or its headers were not copied.
    pub fn denial(&self, logged: &Logged) -> Option<Denial> {
        // Other programs may log to the same group.
        let is_of = |direction: &Direction| lower::log_prefix(*direction) == logged.prefix;
        let direction = Direction::BOTH.into_iter().find(is_of)?;
        let tuple = logged.tuple()?;
        let packet = Packet::new(tuple.source, tuple.destination, transport(&tuple));
        let cluster = self.cluster();
        let owner = |address: IpAddr| cluster.owner(address).map(|pod| pod.object_name());
        let policies = match cluster.evaluate_on_node(&packet, self.settings()) {
            Evaluation::Policed { egress, ingress } => {
                let side = match direction {
                    Direction::Egress => egress,
                    Direction::Ingress => ingress,
                };
                denying(*side)
            }
            Evaluation::Exempt(_) => Vec::new(),
        };
        Some(Denial {
            direction,
            packet,
            source_port: tuple.source_port(),
            source: owner(tuple.source),
            destination: owner(tuple.destination),
            policies,
        })
    }

    /// The sets of the addresses of pods to which packets were denied in a direction; the counters of their
    /// elements say how many.
    pub fn denied(&self) -> Vec<(Direction, Set)> {
        let each = Direction::BOTH.into_iter();
        each.flat_map(|direction| lower::denied(direction).map(|set| (direction, set)))
            .collect()
    }
}

fn denying(side: Side) -> Vec<ObjectName> {
    match side {
        Side::Pod { decision, .. } => match decision {
            Decision::Tier {
                rule,
                action: Action::Deny,
                ..
            } => vec![rule.policy],
            Decision::Isolated { policies, .. } => policies,
            Decision::Tier { .. } | Decision::Itself | Decision::Open => Vec::new(),
        },
        Side::NoPod => Vec::new(),
    }
}

fn transport(tuple: &Tuple) -> Transport {
    let protocol = match tuple.protocol {
        6 => Some(Protocol::Tcp),
        17 => Some(Protocol::Udp),
        132 => Some(Protocol::Sctp),
        _ => None,
    };
    match (protocol, tuple.layer4) {
        (Some(protocol), Layer4::Ports { destination, .. }) => Transport::Port(protocol, destination),
        (_, Layer4::Icmp { kind, .. }) => Transport::Icmp(kind),
        _ => Transport::Other(tuple.protocol),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kinglet_nft::Ownership;
    use serde_json::json;

    use super::*;
    use crate::settings::PolicySettings;

    /// A TCP packet from 10.0.0.1 to port 80 of 10.0.0.2.
    fn logged(prefix: &str) -> Logged {
        let mut octets = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        octets.extend([0x12, 0x34, 0, 80]);
        Logged {
            prefix: prefix.to_owned(),
            octets,
            ..Logged::default()
        }
    }

    #[test]
    fn whose_packets_were_denied_and_why() {
        let settings = PolicySettings {
            node: "here".into(),
            ..PolicySettings::default()
        };
        let mut policies = Policies::new(settings, Ownership::Shared);
        for (name, ip) in [("a", "10.0.0.1"), ("b", "10.0.0.2")] {
            let pod = json!({
                "metadata": {"namespace": "x", "name": name},
                "spec": {"nodeName": "here"},
                "status": {"phase": "Running", "podIP": ip},
            });
            policies.apply_pod(Arc::new(serde_json::from_value(pod).unwrap()));
        }
        let policy = json!({"metadata": {"namespace": "x", "name": "none"}, "spec": {"podSelector": {}}});
        policies.apply_policy(&serde_json::from_value(policy).unwrap());
        let denial = policies.denial(&logged("kinglet ingress")).unwrap();
        assert_eq!(denial.direction, Direction::Ingress);
        assert_eq!(denial.packet.transport, Transport::Port(Protocol::Tcp, 80));
        assert_eq!(denial.source_port, Some(0x1234));
        let name = |name| Some(ObjectName::new("x", name));
        assert_eq!((denial.source, denial.destination), (name("a"), name("b")));
        assert_eq!(denial.policies, [ObjectName::new("x", "none")]);
        let denial = policies.denial(&logged("kinglet egress")).unwrap();
        assert!(
            denial.policies.is_empty(),
            "nothing isolates it for egress any more"
        );
        assert_eq!(policies.denial(&logged("other")), None);
        let lock = json!({
            "metadata": {"name": "lock"},
            "spec": {
                "tier": "Admin", "priority": 1, "subject": {"namespaces": {}},
                "ingress": [{"action": "Deny", "from": [{"namespaces": {}}]}],
            },
        });
        let namespace = json!({"metadata": {"name": "x"}});
        policies.apply_namespace(&serde_json::from_value(namespace).unwrap());
        policies.apply_cluster_policy(&serde_json::from_value(lock).unwrap());
        let denial = policies.denial(&logged("kinglet ingress")).unwrap();
        assert_eq!(denial.policies, [ObjectName::cluster("lock")]);
    }
}
