//! What was changed since the kernel was told, with what it has.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::Engine;
use crate::checked::Direction;
use crate::rules::{Id, Kind, Member, Rules};

/// A place for an element of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Slot {
    Known(IpAddr),
    Isolated(IpAddr),
    Map(Direction, IpAddr),
    Member(Id, Member),
}

/// The element in a slot, if there is one: the profile that it leads to, if it leads somewhere.
pub(crate) type Content = Option<Option<Id>>;

/// What was touched, and what of it was there before.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    pub(crate) elements: BTreeMap<Slot, Content>,
    /// The direction of the chain, if there was one.
    pub(crate) profiles: BTreeMap<Id, Option<Direction>>,
    /// What the set was about, if there was one.
    pub(crate) sets: BTreeMap<Id, Option<Kind>>,
}

impl Touched {
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

impl Engine {
    /// Changes an element.
    pub(super) fn set(&mut self, slot: Slot, content: Content) {
        if self.rules.content(&slot) != content {
            self.touched.note(&self.rules, &slot);
            self.rules.set(&slot, content);
        }
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

    fn set(&mut self, slot: &Slot, content: Content) {
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
