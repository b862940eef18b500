//! The words that the `nft` program prints for kinds, flags, hooks and verdicts.

use std::fmt;

use crate::expression::{DynsetOperation, NatFlags, NatKind};
use crate::object::{Hook, Policy};
use crate::statement::{Header, Unit};
use crate::types::{L3, Verdict};

/// The word for the headers of a family.
pub(super) fn family(family: L3) -> &'static str {
    match family {
        L3::Ipv4 => "ip",
        L3::Ipv6 => "ip6",
    }
}

pub(super) fn hook(hook: Hook) -> &'static str {
    match hook {
        Hook::Prerouting => "prerouting",
        Hook::Input => "input",
        Hook::Forward => "forward",
        Hook::Output => "output",
        Hook::Postrouting => "postrouting",
        Hook::Ingress => "ingress",
        Hook::Egress => "egress",
    }
}

pub(super) fn policy(policy: Policy) -> &'static str {
    match policy {
        Policy::Accept => "accept",
        Policy::Drop => "drop",
    }
}

pub(super) fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Second => "second",
        Unit::Minute => "minute",
        Unit::Hour => "hour",
        Unit::Day => "day",
        Unit::Week => "week",
    }
}

pub(super) fn dynset_operation(operation: DynsetOperation) -> &'static str {
    match operation {
        DynsetOperation::Add => "add",
        DynsetOperation::Update => "update",
        DynsetOperation::Delete => "delete",
    }
}

pub(super) fn nat_kind(kind: NatKind) -> &'static str {
    match kind {
        NatKind::Source => "snat",
        NatKind::Destination => "dnat",
    }
}

/// The flags, with a space before them; empty without flags.
pub(super) fn nat_flags(flags: NatFlags) -> String {
    let words = [
        (NatFlags::RANDOM, "random"),
        (NatFlags::FULLY_RANDOM, "fully-random"),
        (NatFlags::PERSISTENT, "persistent"),
    ];
    let set = words.iter().filter(|(flag, _)| flags.0 & flag.0 != 0);
    let words: Vec<&str> = set.map(|(_, word)| *word).collect();
    if words.is_empty() {
        String::new()
    } else {
        format!(" {}", words.join(","))
    }
}

/// The field of a known transport protocol that `nft` prints for a field of any (`th dport` is `tcp dport`).
pub(super) fn of_protocol(field: Header, number: u8) -> Option<Header> {
    let (source, destination) = match number {
        6 => (Header::TcpSport, Header::TcpDport),
        17 => (Header::UdpSport, Header::UdpDport),
        132 => (Header::SctpSport, Header::SctpDport),
        _ => return None,
    };
    match field {
        Header::ThSport => Some(source),
        Header::ThDport => Some(destination),
        _ => None,
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accept => formatter.write_str("accept"),
            Self::Drop => formatter.write_str("drop"),
            Self::Continue => formatter.write_str("continue"),
            Self::Return => formatter.write_str("return"),
            Self::Jump(chain) => write!(formatter, "jump {chain}"),
            Self::Goto(chain) => write!(formatter, "goto {chain}"),
        }
    }
}
