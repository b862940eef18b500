//! The chains of profiles.

use kinglet_model::Protocol;
use kinglet_nft::{Header, L3, Meta, Rule};

use super::deny;
use super::sets::{FAMILIES, protocol, set_name};
use crate::checked::Direction;
use crate::ports::PortSet;
use crate::rules::{Id, Kind, Profile, Whom};

/// Name of a profile's chain.
pub(super) fn chain(direction: Direction, id: Id) -> String {
    match direction {
        Direction::Ingress => format!("i_{id}"),
        Direction::Egress => format!("e_{id}"),
    }
}

/// The rules of a profile's chain: it returns on a match, and denies at its end.
pub(super) fn rules(profile: &Profile) -> Vec<Rule> {
    let mut rules = Vec::new();
    for (whom, ports) in &profile.lines {
        for start in starts(whom, profile.direction) {
            rules.extend(with_ports(&start, ports));
        }
    }
    rules.extend(tuples(profile));
    let anybody = profile.lines.get(&Whom::Any);
    if !anybody.is_some_and(PortSet::is_all) {
        rules.push(Rule::new().goto(deny::chain(profile.direction)));
    }
    rules
}

/// The other side's address.
fn other(direction: Direction, family: L3) -> Header {
    match direction {
        Direction::Ingress => Header::saddr(family),
        Direction::Egress => Header::daddr(family),
    }
}

/// One start of a rule for each family that needs one of its own.
fn starts(whom: &Whom, direction: Direction) -> Vec<Rule> {
    let Some(kind) = whom.set() else {
        return vec![Rule::new()];
    };
    let start = |family| match &kind {
        Kind::Ranges(ranges) if ranges.is_empty_in(family) => None,
        Kind::Ranges(ranges) if ranges.is_whole(family) => Some(Rule::new().is(Meta::NfProto, family)),
        _ => Some(Rule::new().in_set(other(direction, family), set_name(&kind, kind.id(), family))),
    };
    FAMILIES.into_iter().filter_map(start).collect()
}

fn with_ports(start: &Rule, ports: &PortSet) -> Vec<Rule> {
    if ports.is_all() {
        return vec![start.clone().returns()];
    }
    let each = ports.iter();
    each.map(|(protocol, first, last)| with_range(start.clone(), protocol, first, last).returns())
        .collect()
}

fn with_range(rule: Rule, protocol: Protocol, first: u16, last: u16) -> Rule {
    let port = match protocol {
        Protocol::Tcp => Header::TcpDport,
        Protocol::Udp => Header::UdpDport,
        Protocol::Sctp => Header::SctpDport,
    };
    if (first, last) == (0, u16::MAX) {
        rule.l4proto(self::protocol(protocol))
    } else if first == last {
        rule.is(port, first)
    } else {
        rule.between(port, first, last)
    }
}

fn tuples(profile: &Profile) -> Vec<Rule> {
    if profile.tuples.0.is_empty() {
        return Vec::new();
    }
    let kind = Kind::Tuples(profile.tuples.clone());
    let rule = |family| {
        let key = (other(profile.direction, family), Meta::L4Proto, Header::ThDport);
        Rule::new()
            .in_set(key, set_name(&kind, kind.id(), family))
            .returns()
    };
    FAMILIES.into_iter().map(rule).collect()
}
