//! The chains of profiles.

use kinglet_model::Protocol;
use kinglet_nft::{Header, L3, Meta, Rule};

use super::families::Families;
use super::names::{deny_chain, drop_chain, profile_chain, protocol_value, self_name, set_name};
use crate::checked::{Action, Direction};
use crate::ports::PortSet;
use crate::rules::{End, Profile, RulePeer, SetKind, Step};

/// The rules of a profile's chain: those of its steps in order, and its end unless no packet can reach it.
pub(super) fn rules(profile: &Profile, families: Families) -> Vec<Rule> {
    let steps = profile.steps.iter();
    let mut rules: Vec<Rule> = steps
        .flat_map(|step| step_rules(step, profile, families))
        .collect();
    if !profile.steps.last().is_some_and(Step::is_total) {
        rules.extend(end(profile, families));
    }
    rules
}

fn step_rules(step: &Step, profile: &Profile, families: Families) -> Vec<Rule> {
    let direction = profile.direction;
    let mut rules = Vec::new();
    for (peer, ports) in &step.lines {
        rules.extend(line(peer, ports, direction, families));
    }
    rules.extend(tuples(step, direction, families));
    let verdict = |rule: Rule| match (step.action, &profile.end) {
        // Not `accept`: the lookup of the other side comes after the return.
        (Action::Accept, _) | (Action::Pass, End::Allow) => rule.returns(),
        // Only ClusterNetworkPolicies have rules that deny.
        (Action::Deny, _) => rule.goto(drop_chain(direction)),
        (Action::Pass, End::Deny) => rule.goto(deny_chain(direction)),
        (Action::Pass, End::Next(id, _)) => rule.goto(profile_chain(direction, *id)),
    };
    rules.into_iter().map(verdict).collect()
}

fn end(profile: &Profile, families: Families) -> Vec<Rule> {
    match &profile.end {
        End::Allow => Vec::new(),
        End::Deny => {
            // Only at the end, since few packets of a pod go to itself.
            let itself = families.iter().map(|family| {
                let pair = (Header::saddr(family), Header::daddr(family));
                Rule::new().in_set(pair, self_name(family)).returns()
            });
            let deny = Rule::new().goto(deny_chain(profile.direction));
            itself.chain([deny]).collect()
        }
        End::Next(id, _) => vec![Rule::new().goto(profile_chain(profile.direction, *id))],
    }
}

/// The address of the other side.
fn other(direction: Direction, family: L3) -> Header {
    match direction {
        Direction::Ingress => Header::saddr(family),
        Direction::Egress => Header::daddr(family),
    }
}

/// The rules of a peer that may use some ports. The port comes first: comparing it is cheaper than a lookup
/// of the address in a set.
fn line(peer: &RulePeer, ports: &PortSet, direction: Direction, families: Families) -> Vec<Rule> {
    let starts = starts(ports);
    let Some(kind) = peer.set() else {
        return starts;
    };
    let all = families.iter().flat_map(|family| {
        let starts = starts.iter().cloned();
        let kind = &kind;
        starts.filter_map(move |start| with_address(start, kind, direction, family))
    });
    all.collect()
}

/// A rule for the addresses of a set; none if the set has none in the family.
fn with_address(start: Rule, kind: &SetKind, direction: Direction, family: L3) -> Option<Rule> {
    match kind {
        SetKind::Ranges(ranges) if ranges.is_empty_in(family) => None,
        SetKind::Ranges(ranges) if ranges.is_whole(family) => Some(start.is(Meta::NfProto, family)),
        _ => Some(start.in_set(other(direction, family), set_name(kind, kind.id(), family))),
    }
}

/// The beginning of a rule for each range of ports.
fn starts(ports: &PortSet) -> Vec<Rule> {
    if ports.is_all() {
        return vec![Rule::new()];
    }
    let each = ports.iter();
    each.map(|(protocol, first, last)| with_range(Rule::new(), protocol, first, last))
        .collect()
}

fn with_range(rule: Rule, protocol: Protocol, first: u16, last: u16) -> Rule {
    let port = match protocol {
        Protocol::Tcp => Header::TcpDport,
        Protocol::Udp => Header::UdpDport,
        Protocol::Sctp => Header::SctpDport,
    };
    // All ports: the protocol is enough, and needs no look into the packet.
    if (first, last) == (0, u16::MAX) {
        rule.l4proto(protocol_value(protocol))
    } else if first == last {
        rule.is(port, first)
    } else {
        rule.between(port, first, last)
    }
}

fn tuples(step: &Step, direction: Direction, families: Families) -> Vec<Rule> {
    if step.tuples.0.is_empty() {
        return Vec::new();
    }
    let kind = SetKind::Tuples(step.tuples.clone());
    let rule = |family| {
        let key = (other(direction, family), Meta::L4Proto, Header::ThDport);
        Rule::new().in_set(key, set_name(&kind, kind.id(), family))
    };
    families.iter().map(rule).collect()
}
