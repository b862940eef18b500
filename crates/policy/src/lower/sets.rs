//! Sets, maps and their elements.

use std::net::IpAddr;

use kinglet_nft::{Data, DataType, Element, L3, Set, Verdict};

use super::deny;
use super::families::Families;
use super::names::{
    FAMILIES, address_type, known_name, map_name, profile_chain, protocol_value, self_name, set_name,
};
use crate::checked::Direction;
use crate::engine::{Content, Slot};
use crate::ranges::Ranges;
use crate::rules::{Id, SetKind};

/// The sets that the table always has.
pub(super) fn fixed() -> Vec<Set> {
    let mut sets = Vec::new();
    // Both families, whatever pods have: the chains that look them up never change.
    for family in FAMILIES {
        let address = address_type(family);
        for direction in Direction::BOTH {
            sets.push(Set::vmap(map_name(direction, family), [address]));
        }
        sets.push(Set::new(self_name(family), [address, address]));
        sets.push(Set::new(known_name(family), [address]));
    }
    sets.extend(deny::sets());
    sets
}

/// The kernel's sets for one of the rules: one for each family, since keys of IPv4 and IPv6 differ in length.
/// With the elements that never change.
pub(super) fn sets(kind: &SetKind, id: Id, families: Families) -> Vec<(Set, Vec<Element>)> {
    let sets = families
        .iter()
        .filter_map(|family| Some((set(kind, id, family), elements(kind, family)?)));
    sets.collect()
}

fn set(kind: &SetKind, id: Id, family: L3) -> Set {
    let (name, address) = (set_name(kind, id, family), address_type(family));
    match kind {
        SetKind::Pods(_) | SetKind::Nodes(_) => Set::new(name, [address]),
        SetKind::Tuples(_) => Set::new(name, [address, DataType::InetProto, DataType::InetService]),
        SetKind::Ranges(_) => Set::new(name, [address]).interval(),
    }
}

/// The elements that never change; nothing if no rule needs the set: a rule compares a single range itself.
fn elements(kind: &SetKind, family: L3) -> Option<Vec<Element>> {
    let SetKind::Ranges(ranges) = kind else {
        return Some(Vec::new());
    };
    if ranges.is_single_in(family) {
        return None;
    }
    let ranges = ranges.iter().filter(|(first, _)| L3::of(*first) == family);
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

    /// Whether the family has no more than one range.
    pub(super) fn is_single_in(&self, family: L3) -> bool {
        match family {
            L3::Ipv4 => self.v4.iter().nth(1).is_none(),
            L3::Ipv6 => self.v6.iter().nth(1).is_none(),
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

/// The set and the element of a slot, if the table has such a set.
pub(super) fn element(
    slot: &Slot,
    kind: Option<&SetKind>,
    content: Content,
    families: Families,
) -> Option<(Set, Element)> {
    let (set, key) = match slot {
        Slot::Known(address) => (
            Set::new(known_name(L3::of(*address)), [address_type(L3::of(*address))]),
            Data::from(*address),
        ),
        Slot::Isolated(address) => {
            let kind = address_type(L3::of(*address));
            (
                Set::new(self_name(L3::of(*address)), [kind, kind]),
                Data::from((*address, *address)),
            )
        }
        Slot::Map(direction, address) => {
            let name = map_name(*direction, L3::of(*address));
            (
                Set::vmap(name, [address_type(L3::of(*address))]),
                Data::from(*address),
            )
        }
        Slot::Member(id, member) => {
            let family = L3::of(member.address);
            // The table has no set for this family, and no rule that would look it up.
            if !families.contains(family) {
                return None;
            }
            let set = set(kind?, *id, family);
            let key = match member.port {
                None => Data::from(member.address),
                Some((transport, port)) => Data::from((member.address, protocol_value(transport), port)),
            };
            (set, key)
        }
    };
    let element = Element::new(key);
    Some(match (slot, content.flatten()) {
        (Slot::Map(direction, _), Some(id)) => {
            (set, element.verdict(Verdict::goto(profile_chain(*direction, id))))
        }
        _ => (set, element),
    })
}
