//! `protocols` of ClusterNetworkPolicies.

use kinglet_model::{ClusterPorts, ClusterProtocol, DestinationPort, PortRange, Protocol};

use super::cluster_peers::all_known;
use super::ports::{NUMBER, number};
use super::rule::{Port, PortMatch, Ports};
use crate::problem::Problems;

/// The ports of a rule; nothing if any entry is not valid.
pub(super) fn check(protocols: &[ClusterProtocol], problems: &mut Problems<'_>) -> Option<Ports> {
    // The API refuses it, and does not say whether it would mean all ports or none.
    if protocols.is_empty() {
        problems.below("protocols").add("[]", "a list with protocols");
        return None;
    }
    let (mut ports, mut known) = (Vec::new(), true);
    for (index, entry) in protocols.iter().enumerate() {
        match one(
            index,
            entry,
            &mut problems.below(format_args!("protocols[{index}]")),
        ) {
            Some(some) => ports.extend(some),
            None => known = false,
        }
    }
    known.then_some(Ports::Of(ports))
}

fn one(index: usize, entry: &ClusterProtocol, problems: &mut Problems<'_>) -> Option<Vec<Port>> {
    if !all_known(&entry.unknown, problems) {
        return None;
    }
    let port = |protocol, ports| Port {
        index,
        protocol,
        ports,
    };
    let ClusterProtocol {
        tcp,
        udp,
        sctp,
        destination_named_port: named,
        ..
    } = entry;
    let (protocol, field, ports) = match (tcp, udp, sctp, named) {
        (Some(ports), None, None, None) => (Protocol::Tcp, "tcp", ports),
        (None, Some(ports), None, None) => (Protocol::Udp, "udp", ports),
        (None, None, Some(ports), None) => (Protocol::Sctp, "sctp", ports),
        (None, None, None, Some(name)) if !name.is_empty() => {
            // A name has no protocol: a pod may have the port in any.
            let all = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp];
            let ports = all.map(|protocol| port(protocol, PortMatch::Named(name.clone())));
            return Some(ports.into());
        }
        _ => {
            problems.add(
                "{} or several fields",
                "exactly one of tcp, udp, sctp and destinationNamedPort",
            );
            return None;
        }
    };
    let ports = port_match(ports, &mut problems.below(field))?;
    Some(vec![port(protocol, ports)])
}

fn port_match(ports: &ClusterPorts, problems: &mut Problems<'_>) -> Option<PortMatch> {
    let known = all_known(&ports.unknown, problems);
    let found = match &ports.destination_port {
        None => Some(PortMatch::Any),
        Some(port) => destination(port, &mut problems.below("destinationPort")),
    };
    found.filter(|_| known)
}

fn destination(port: &DestinationPort, problems: &mut Problems<'_>) -> Option<PortMatch> {
    if !all_known(&port.unknown, problems) {
        return None;
    }
    match (port.number, &port.range) {
        (Some(written), None) => {
            let number = checked(Some(written), &mut problems.below("number"))?;
            Some(PortMatch::Range(number, number))
        }
        (None, Some(range)) => self::range(range, &mut problems.below("range")),
        _ => {
            problems.add("{} or several fields", "exactly one of number and range");
            None
        }
    }
}

fn range(range: &PortRange, problems: &mut Problems<'_>) -> Option<PortMatch> {
    let start = checked(range.start, &mut problems.below("start"));
    let end = checked(range.end, &mut problems.below("end"));
    let (start, end) = (start?, end?);
    if start > end {
        problems.below("end").add(end, "at least start");
        return None;
    }
    Some(PortMatch::Range(start, end))
}

fn checked(written: Option<i64>, problems: &mut Problems<'_>) -> Option<u16> {
    let number = written.and_then(number);
    if number.is_none() {
        let text = written.map(|number| number.to_string()).unwrap_or_default();
        problems.add(text, NUMBER);
    }
    number
}
