//! The chains of profiles.

use kinglet_model::Protocol;
use kinglet_nft::{Header, L3, Meta, Rule};

use super::families::Families;
use super::names::{deny_chain, drop_chain, profile_chain, protocol_value, self_name, set_name};
use crate::checked::{Action, Direction};
use crate::ports::PortSet;
use crate::ranges::Ranges;
use crate::rules::{End, Line, Profile, RulePeer, SetKind, Step};

/// The rules of a profile's chain: those of its steps or jumps to its parts in order, and its end unless no
/// packet can reach it.
pub(super) fn rules(profile: &Profile, families: Families) -> Vec<Rule> {
    let direction = profile.direction;
    let jump = |id| Rule::new().jump(profile_chain(direction, id));
    let mut rules: Vec<Rule> = profile.parts().iter().map(|(id, _)| jump(*id)).collect();
    for step in profile.steps() {
        rules.extend(step_rules(step, profile, families));
    }
    if !profile.steps().last().is_some_and(Step::is_total) {
        rules.extend(end(&profile.end, direction, families));
    }
    rules
}

fn step_rules(step: &Step, profile: &Profile, families: Families) -> Vec<Rule> {
    let direction = profile.direction;
    let mut rules = Vec::new();
    for each in &step.lines {
        rules.extend(line(each, direction, families));
    }
    rules.extend(tuples(step, direction, families));
    let verdict = |rule: Rule| match (step.action, passed_on(&profile.end)) {
        // Of this base chain only: that of the other direction comes after it.
        (Action::Accept, _) | (Action::Pass, End::Allow) => rule.accept(),
        // Only ClusterNetworkPolicies have rules that deny.
        (Action::Deny, _) => rule.goto(drop_chain(direction)),
        (Action::Pass, End::Deny | End::NextPart(_)) => rule.goto(deny_chain(direction)),
        (Action::Pass, End::Next((id, _))) => rule.goto(profile_chain(direction, *id)),
    };
    rules.into_iter().map(verdict).collect()
}

/// The end of what a step passes: in a part that of the whole profile.
fn passed_on(end: &End) -> &End {
    match end {
        End::NextPart(Some(end)) => end,
        other => other,
    }
}

fn end(end: &End, direction: Direction, families: Families) -> Vec<Rule> {
    match end {
        // Not just the end of the chain: a step of a part may have led here, and the next part must not
        // decide again.
        End::Allow => vec![Rule::new().accept()],
        End::Deny => {
            // Only at the end, since few packets of a pod go to itself.
            let itself = families.iter().map(|family| {
                let pair = (Header::saddr(family), Header::daddr(family));
                Rule::new().in_set(pair, self_name(family)).accept()
            });
            let deny = Rule::new().goto(deny_chain(direction));
            itself.chain([deny]).collect()
        }
        End::Next((id, _)) => vec![Rule::new().goto(profile_chain(direction, *id))],
        End::NextPart(_) => Vec::new(),
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
fn line(line: &Line, direction: Direction, families: Families) -> Vec<Rule> {
    let starts = starts(&line.ports);
    if line.peer == RulePeer::Any {
        return starts;
    }
    let all = families.iter().flat_map(|family| {
        let starts = starts.iter().cloned();
        starts.filter_map(move |start| with_address(start, line, direction, family))
    });
    all.collect()
}

/// A rule for the addresses of a peer; none if it has none in the family.
fn with_address(start: Rule, line: &Line, direction: Direction, family: L3) -> Option<Rule> {
    let address = other(direction, family);
    match &line.peer {
        RulePeer::Any => Some(start),
        RulePeer::Ranges(ranges) if ranges.is_empty_in(family) => None,
        RulePeer::Ranges(ranges) if ranges.is_whole(family) => Some(start.is(Meta::NfProto, family)),
        RulePeer::Ranges(ranges) if ranges.is_single_in(family) => in_range(start, address, ranges, family),
        _ => Some(start.in_set(address, set_name(&line.peer.set()?, line.set?, family))),
    }
}

/// A rule for the only range of a family.
fn in_range(start: Rule, address: Header, ranges: &Ranges, family: L3) -> Option<Rule> {
    let mut ranges = ranges.iter().filter(|(first, _)| L3::of(*first) == family);
    let (first, last) = ranges.next()?;
    Some(if first == last {
        start.is(address, first)
    } else {
        start.between(address, first, last)
    })
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
    let Some((id, tuples)) = &step.tuples else {
        return Vec::new();
    };
    let kind = SetKind::Tuples(tuples.clone());
    let rule = |family| {
        let key = (other(direction, family), Meta::L4Proto, Header::ThDport);
        Rule::new().in_set(key, set_name(&kind, *id, family))
    };
    families.iter().map(rule).collect()
}
