//! `ports`.

use kinglet_model::{PolicyPort, PortReference, Protocol};

use super::rule::{Port, PortMatch, Ports};
use crate::problem::Problems;

/// The numbers that are accepted.
pub(super) const NUMBER: &str = "a number from 1 to 65535";

/// The ports of a rule; nothing if none of those that it has can match. An empty list means all ports, so
/// that a list whose entries are all invalid must not become one.
pub(super) fn check(ports: &[PolicyPort], problems: &mut Problems<'_>) -> Option<Ports> {
    if ports.is_empty() {
        return Some(Ports::Any);
    }
    let checked = ports.iter().enumerate();
    let checked = checked
        .filter_map(|(index, port)| one(index, port, &mut problems.below(format_args!("ports[{index}]"))));
    let checked: Vec<_> = checked.collect();
    (!checked.is_empty()).then_some(Ports::Of(checked))
}

fn one(index: usize, port: &PolicyPort, problems: &mut Problems<'_>) -> Option<Port> {
    let protocol = Protocol::of(port.protocol.as_deref());
    if protocol.is_none() {
        let name = port.protocol.as_deref().unwrap_or_default();
        problems.below("protocol").add(name, "TCP, UDP or SCTP");
    }
    let ports = ports(port, problems);
    Some(Port {
        index,
        protocol: protocol?,
        ports: ports?,
    })
}

fn ports(port: &PolicyPort, problems: &mut Problems<'_>) -> Option<PortMatch> {
    match (&port.port, port.end_port) {
        (None, None) => Some(PortMatch::Any),
        (Some(PortReference::Name(name)), None) if !name.is_empty() => Some(PortMatch::Named(name.clone())),
        (Some(PortReference::Name(name)), None) => {
            problems
                .below("port")
                .add(name, "the name of a port, or its number");
            None
        }
        (Some(PortReference::Number(first)), end) => range(*first, end, problems),
        (None | Some(PortReference::Name(_)), Some(end)) => {
            problems
                .below("endPort")
                .add(end, "allowed without the number of a port");
            None
        }
    }
}

fn range(first: i64, end: Option<i64>, problems: &mut Problems<'_>) -> Option<PortMatch> {
    let Some(number) = number(first) else {
        problems.below("port").add(first, NUMBER);
        return None;
    };
    let Some(end) = end else {
        return Some(PortMatch::Range(number, number));
    };
    match self::number(end) {
        Some(last) if number <= last => Some(PortMatch::Range(number, last)),
        Some(_) => {
            problems.below("endPort").add(end, "at least port");
            None
        }
        None => {
            problems.below("endPort").add(end, NUMBER);
            None
        }
    }
}

pub(super) fn number(number: i64) -> Option<u16> {
    u16::try_from(number).ok().filter(|number| *number != 0)
}
