//! What of the rules was changed since the last batch, with what the kernel has.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::checked::Direction;
use crate::rules::{Id, Member, Rules, SetKind};

/// A place for an element of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Slot {
    /// An address in the set of all pods.
    Known(IpAddr),
    /// A pair of an address with itself, in the set of pods that policies select.
    Isolated(IpAddr),
    /// An address in the map of a direction to profiles.
    Map(Direction, IpAddr),
    /// A member of a set that profiles share.
    Member(Id, Member),
}

/// The element in a slot, if there is one; of a map, with the profile that it leads to.
pub(crate) type Content = Option<Option<Id>>;

/// Changes that no batch has brought to the kernel yet. Each entry keeps what the kernel has, however often
/// it changes meanwhile, so that a batch holds differences only and what came and went again costs nothing.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    pub(crate) elements: BTreeMap<Slot, Content>,
    /// Chains of profiles: the direction of the chain that the kernel has, if it has one.
    pub(crate) profiles: BTreeMap<Id, Option<Direction>>,
    /// Sets: what the kernel's set is of, if it has one.
    pub(crate) sets: BTreeMap<Id, Option<SetKind>>,
}

impl Pending {
    /// Notes that an element is about to change; only the first time counts.
    pub(super) fn note(&mut self, rules: &Rules, slot: &Slot) {
        self.elements.entry(*slot).or_insert_with(|| rules.content(slot));
    }

    pub(super) fn note_profile(&mut self, rules: &Rules, id: Id) {
        let before = || rules.profiles.get(&id).map(|profile| profile.direction);
        self.profiles.entry(id).or_insert_with(before);
    }

    pub(super) fn note_set(&mut self, rules: &Rules, id: Id) {
        let before = || rules.sets.get(&id).map(|set| set.kind.clone());
        self.sets.entry(id).or_insert_with(before);
    }
}

impl Rules {
    /// The element in a slot.
    pub(crate) fn content(&self, slot: &Slot) -> Content {
        let there = |is: bool| is.then_some(None);
        match slot {
            Slot::Known(address) => there(self.known.contains(address)),
            Slot::Isolated(address) => there(self.isolated.contains(address)),
            Slot::Map(direction, address) => self.map(*direction).get(address).copied().map(Some),
            Slot::Member(id, member) => {
                there(self.sets.get(id).is_some_and(|set| set.members.contains(member)))
            }
        }
    }

    /// Puts an element into a slot, or removes it.
    pub(super) fn set(&mut self, slot: &Slot, content: Content) {
        match slot {
            Slot::Known(address) => put(&mut self.known, *address, content),
            Slot::Isolated(address) => put(&mut self.isolated, *address, content),
            Slot::Member(id, member) => {
                if let Some(set) = self.sets.get_mut(id) {
                    put(&mut set.members, *member, content);
                }
            }
            Slot::Map(direction, address) => match content.flatten() {
                Some(id) => _ = self.map_mut(*direction).insert(*address, id),
                None => _ = self.map_mut(*direction).remove(address),
            },
        }
    }
}

fn put<T: Ord>(set: &mut BTreeSet<T>, value: T, content: Content) {
    if content.is_some() {
        set.insert(value);
    } else {
        set.remove(&value);
    }
}
