//! A denied packet as a line of JSON.

use std::net::IpAddr;

use kinglet_model::ObjectName;
use kinglet_policy::{Denial, Transport};
use serde_json::{Value, json};

/// A denied packet as a line of JSON: when, where, from whom to whom, and the policies that decided.
pub fn denial_line(node: &str, time: &str, denial: &Denial) -> String {
    format!("{}\n", value(node, time, denial))
}

fn value(node: &str, time: &str, denial: &Denial) -> Value {
    let packet = &denial.packet;
    let (protocol, port) = match packet.transport {
        Transport::Port(protocol, port) => (protocol.as_lower().to_owned(), Some(port)),
        other => (other.to_string(), None),
    };
    let policies: Vec<String> = denial.policies.iter().map(ToString::to_string).collect();
    json!({
        "time": time,
        "message": "denied by network policy",
        "node": node,
        "direction": denial.direction.to_string(),
        "from": end(denial.source.as_ref(), packet.source, denial.source_port),
        "to": end(denial.destination.as_ref(), packet.destination, port),
        "protocol": protocol,
        "policies": policies,
    })
}

fn end(pod: Option<&ObjectName>, address: IpAddr, port: Option<u16>) -> Value {
    json!({"pod": pod.map(ToString::to_string), "address": address, "port": port})
}

#[cfg(test)]
mod tests {
    use kinglet_model::Protocol;
    use kinglet_policy::{Direction, Packet};

    use super::*;

    #[test]
    fn a_line_says_who_and_why() {
        let transport = Transport::Port(Protocol::Tcp, 80);
        let denial = Denial {
            direction: Direction::Ingress,
            packet: Packet::new([192, 0, 2, 1].into(), [10, 42, 0, 2].into(), transport),
            source_port: Some(40_000),
            source: None,
            destination: Some(ObjectName::new("db", "postgres-0")),
            policies: vec![ObjectName::new("db", "sql-only")],
        };
        let expected = json!({
            "time": "now", "message": "denied by network policy", "node": "n", "direction": "ingress", "protocol": "tcp",
            "from": {"pod": null, "address": "192.0.2.1", "port": 40000},
            "to": {"pod": "db/postgres-0", "address": "10.42.0.2", "port": 80},
            "policies": ["db/sql-only"],
        });
        assert_eq!(value("n", "now", &denial), expected);
    }
}
