//! The names and types of the kernel's objects.

use kinglet_model::Protocol;
use kinglet_nft::{DataType, L3, Value};

use crate::checked::Direction;
use crate::rules::{Id, SetKind};

/// Name of the table, of family `inet`.
pub const TABLE: &str = "kinglet-netpol";

/// Name of the table that enforces the same while the other is replaced, of family `inet`.
pub const GUARD: &str = "kinglet-netpol-guard";

/// Name of the chain that denies.
pub(super) const DENY: &str = "deny";

/// Both families.
pub(super) const FAMILIES: [L3; 2] = [L3::Ipv4, L3::Ipv6];

fn digit(family: L3) -> char {
    match family {
        L3::Ipv4 => '4',
        L3::Ipv6 => '6',
    }
}

pub(super) fn address_type(family: L3) -> DataType {
    match family {
        L3::Ipv4 => DataType::Ipv4Addr,
        L3::Ipv6 => DataType::Ipv6Addr,
    }
}

/// The number of a protocol (IANA).
pub(super) fn protocol_value(protocol: Protocol) -> Value {
    match protocol {
        Protocol::Tcp => Value::TCP,
        Protocol::Udp => Value::UDP,
        Protocol::Sctp => Value::SCTP,
    }
}

/// Name of the chain that looks up the pod of a side.
pub(super) fn look_up_chain(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "np_ingress",
        Direction::Egress => "np_egress",
    }
}

/// Name of a profile's chain.
pub(super) fn profile_chain(direction: Direction, id: Id) -> String {
    match direction {
        Direction::Ingress => format!("i_{id}"),
        Direction::Egress => format!("e_{id}"),
    }
}

/// Name of the chain that counts and logs the packets of a direction that NetworkPolicies deny.
pub(super) fn deny_chain(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "deny_in",
        Direction::Egress => "deny_eg",
    }
}

/// Name of the chain that counts and logs the packets of a direction that ClusterNetworkPolicies deny.
pub(super) fn drop_chain(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "drop_in",
        Direction::Egress => "drop_eg",
    }
}

/// Name of the set of pods that were denied packets.
pub(super) fn denied_name(direction: Direction, family: L3) -> String {
    format!(
        "{}{}",
        deny_chain(direction).replace("deny", "denied"),
        digit(family)
    )
}

/// Name of the map from addresses of pods that policies select to profiles.
pub(super) fn map_name(direction: Direction, family: L3) -> String {
    let word = match direction {
        Direction::Ingress => "in",
        Direction::Egress => "eg",
    };
    format!("{word}{}", digit(family))
}

/// Name of the set with a pair of each pod that policies select and itself.
pub(super) fn self_name(family: L3) -> String {
    format!("self{}", digit(family))
}

/// Name of the set of addresses of all pods.
pub(super) fn known_name(family: L3) -> String {
    format!("known{}", digit(family))
}

/// Name of a set in which profiles look peers up. A set holds one family: its keys have one length.
pub(super) fn set_name(kind: &SetKind, id: Id, family: L3) -> String {
    let letter = match kind {
        SetKind::Pods(_) => 'p',
        SetKind::Tuples(_) => 'n',
        SetKind::Nodes(_) => 'h',
        SetKind::Ranges(_) => 'c',
    };
    format!("{letter}{}_{id}", digit(family))
}

/// The prefix of logged packets, by which those of these rules are recognized.
pub(crate) fn log_prefix(direction: Direction) -> String {
    format!("kinglet {direction}")
}
