//! Sets and maps, and their elements.

use std::net::IpAddr;

use kinglet_model::Protocol;
use kinglet_nft::{Data, DataType, Element, L3, Set, Value, Verdict};

use super::families::Families;
use super::profile::chain;
use crate::checked::Direction;
use crate::engine::{Content, Slot};
use crate::ranges::Ranges;
use crate::rules::{Id, Kind};

/// Both families.
pub(super) const FAMILIES: [L3; 2] = [L3::Ipv4, L3::Ipv6];

pub(super) fn digit(family: L3) -> char {
    match family {
        L3::Ipv4 => '4',
        L3::Ipv6 => '6',
    }
}

pub(super) fn family(address: IpAddr) -> L3 {
    match address {
        IpAddr::V4(_) => L3::Ipv4,
        IpAddr::V6(_) => L3::Ipv6,
    }
}

pub(super) fn address_type(family: L3) -> DataType {
    match family {
        L3::Ipv4 => DataType::Ipv4Addr,
        L3::Ipv6 => DataType::Ipv6Addr,
    }
}

/// The number of a protocol (IANA).
pub(super) fn protocol(protocol: Protocol) -> Value {
    match protocol {
        Protocol::Tcp => Value::TCP,
        Protocol::Udp => Value::UDP,
        Protocol::Sctp => Value::SCTP,
    }
}

/// Name of the map from addresses of pods that policies are about to profiles.
pub(super) fn map_name(direction: Direction, family: L3) -> String {
    let word = match direction {
        Direction::Ingress => "in",
        Direction::Egress => "eg",
    };
    format!("{word}{}", digit(family))
}

/// Name of the set of pairs of pods that policies are about with themselves.
pub(super) fn self_name(family: L3) -> String {
    format!("self{}", digit(family))
}

/// Name of the set of addresses of all pods.
pub(super) fn known_name(family: L3) -> String {
    format!("known{}", digit(family))
}

/// Name of a set that profiles look addresses up in.
pub(super) fn set_name(kind: &Kind, id: Id, family: L3) -> String {
    let letter = match kind {
        Kind::Peer(_) => 'p',
        Kind::Tuples(_) => 'n',
        Kind::Nodes(_) => 'h',
        Kind::Ranges(_) => 'c',
    };
    format!("{letter}{}_{id}", digit(family))
}

/// The sets that are always there.
pub(super) fn frame() -> Vec<Set> {
    let mut sets = Vec::new();
    for family in FAMILIES {
        let address = address_type(family);
        for direction in Direction::BOTH {
            sets.push(Set::vmap(map_name(direction, family), [address]));
        }
        sets.push(Set::new(self_name(family), [address, address]));
        sets.push(Set::new(known_name(family), [address]));
    }
    sets.extend(super::deny::sets());
    sets
}

/// The kernel's sets for one of ours, with the elements that never change.
pub(super) fn sets(kind: &Kind, id: Id, families: Families) -> Vec<(Set, Vec<Element>)> {
    let sets = families
        .iter()
        .filter_map(|family| Some((set(kind, id, family), elements(kind, family)?)));
    sets.collect()
}

fn set(kind: &Kind, id: Id, family: L3) -> Set {
    let (name, address) = (set_name(kind, id, family), address_type(family));
    match kind {
        Kind::Peer(_) | Kind::Nodes(_) => Set::new(name, [address]),
        Kind::Tuples(_) => Set::new(name, [address, DataType::InetProto, DataType::InetService]),
        Kind::Ranges(_) => Set::new(name, [address]).interval(),
    }
}

/// The elements that never change; nothing if no rule needs the set.
fn elements(kind: &Kind, family: L3) -> Option<Vec<Element>> {
    let Kind::Ranges(ranges) = kind else {
        return Some(Vec::new());
    };
    if ranges.is_whole(family) {
        return None;
    }
    let ranges = ranges.iter().filter(|(first, _)| self::family(*first) == family);
    let elements: Vec<_> = ranges.map(|(first, last)| range(first, last)).collect();
    (!elements.is_empty()).then_some(elements)
}

fn range(first: IpAddr, last: IpAddr) -> Element {
    if first == last {
        Element::new(first)
    } else {
        Element::range(first, last)
    }
}

impl Ranges {
    /// Whether all addresses of the family are in it.
    pub(super) fn is_whole(&self, family: L3) -> bool {
        match family {
            L3::Ipv4 => self.v4.iter().next() == Some((0, u32::MAX)),
            L3::Ipv6 => self.v6.iter().next() == Some((0, u128::MAX)),
        }
    }

    /// Whether no address of the family is in it.
    pub(super) fn is_empty_in(&self, family: L3) -> bool {
        match family {
            L3::Ipv4 => self.v4.is_empty(),
            L3::Ipv6 => self.v6.is_empty(),
        }
    }
}

/// The set and the element that a slot stands for, if there is such a set.
pub(super) fn element(
    slot: &Slot,
    kind: Option<&Kind>,
    content: Content,
    families: Families,
) -> Option<(Set, Element)> {
    let (set, key) = match slot {
        Slot::Known(address) => (
            Set::new(known_name(family(*address)), [address_type(family(*address))]),
            Data::from(*address),
        ),
        Slot::Isolated(address) => {
            let kind = address_type(family(*address));
            (
                Set::new(self_name(family(*address)), [kind, kind]),
                Data::from((*address, *address)),
            )
        }
        Slot::Map(direction, address) => {
            let name = map_name(*direction, family(*address));
            (
                Set::vmap(name, [address_type(family(*address))]),
                Data::from(*address),
            )
        }
        Slot::Member(id, member) => {
            let family = family(member.address);
            if !families.contains(family) {
                return None;
            }
            let set = set(kind?, *id, family);
            let key = match member.port {
                None => Data::from(member.address),
                Some((protocol, port)) => Data::from((member.address, self::protocol(protocol), port)),
            };
            (set, key)
        }
    };
    let element = Element::new(key);
    Some(match (slot, content.flatten()) {
        (Slot::Map(direction, _), Some(id)) => (set, element.verdict(Verdict::goto(chain(*direction, id)))),
        _ => (set, element),
    })
}
