//! Batches that bring the kernel to the rules.

use std::collections::BTreeMap;

use kinglet_nft::{Batch, Chain, Element, Ruleset, Set, Table};

use super::families::Families;
use super::names::profile_chain;
use super::{chains, profile, sets};
use crate::checked::Direction;
use crate::engine::{Pending, Slot};
use crate::rules::{Rules, SetKind};
use crate::settings::PolicySettings;

/// Elements by the name of their set.
type Elements = BTreeMap<String, (Set, Vec<Element>)>;

/// The table that batches are for, and the families that it has rules for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TableTarget<'a> {
    table: &'a Table,
    families: Families,
}

impl<'a> TableTarget<'a> {
    pub(crate) fn new(table: &'a Table, families: Families) -> Self {
        Self { table, families }
    }
}

impl Rules {
    /// The whole table as it should be.
    pub(crate) fn ruleset(&self, target: TableTarget<'_>, settings: &PolicySettings) -> Ruleset {
        let TableTarget { table, families } = target;
        let mut ruleset = Ruleset::new(table.clone());
        let mut elements = Elements::new();
        for slot in self.slots() {
            add(
                &mut elements,
                sets::element(&slot, self.kind(&slot), self.content(&slot), families),
            );
        }
        let own = self.sets.iter();
        let own = own.flat_map(|(id, set)| sets::sets(&set.kind, *id, families));
        let fixed_sets = sets::fixed().into_iter().map(|set| (set, Vec::new()));
        for (set, fixed) in fixed_sets.chain(own) {
            let members = elements.remove(&set.name).map(|(_, members)| members);
            ruleset.set(set, fixed.into_iter().chain(members.unwrap_or_default()));
        }
        for (chain, rules) in chains::chains(settings) {
            ruleset.chain(chain, rules);
        }
        for (id, profile) in &self.profiles {
            let name = profile_chain(profile.direction, *id);
            ruleset.chain(Chain::regular(name), profile::rules(profile, families));
        }
        ruleset
    }

    fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        let known = self.known.iter().map(|address| Slot::Known(*address));
        let isolated = self.isolated.iter().map(|address| Slot::Isolated(*address));
        let maps = Direction::BOTH.into_iter().flat_map(|direction| {
            let addresses = self.map(direction).keys();
            addresses.map(move |address| Slot::Map(direction, *address))
        });
        let members = self.sets.iter().flat_map(|(id, set)| {
            let members = set.members.iter();
            members.map(|member| Slot::Member(*id, *member))
        });
        known.chain(isolated).chain(maps).chain(members)
    }

    fn kind(&self, slot: &Slot) -> Option<&SetKind> {
        match slot {
            Slot::Member(id, _) => self.sets.get(id).map(|set| &set.kind),
            _ => None,
        }
    }

    /// The batch that brings the kernel to these rules. What others refer to is added before them and removed
    /// after them: the kernel refuses a rule or element that names a chain which does not exist (`ENOENT`),
    /// and the removal of one that is in use (`EBUSY`).
    pub(crate) fn changes(&self, pending: &Pending, target: TableTarget<'_>) -> Batch {
        let mut batch = Batch::new();
        self.add_sets(&mut batch, pending, target);
        self.add_profiles(&mut batch, pending, target);
        self.change_elements(&mut batch, pending, target);
        self.remove_profiles(&mut batch, pending, target);
        self.remove_sets(&mut batch, pending, target);
        batch
    }

    /// The batch of new chains and sets, to which nothing refers yet. They are no longer pending then.
    pub(crate) fn additions(&self, pending: &mut Pending, target: TableTarget<'_>) -> Batch {
        let mut batch = Batch::new();
        self.add_sets(&mut batch, pending, target);
        self.add_members(&mut batch, pending, target);
        self.add_profiles(&mut batch, pending, target);
        for (id, before) in &mut pending.profiles {
            let now = self.profiles.get(id).map(|profile| profile.direction);
            // The kernel has it from here on; a later batch compares with that.
            *before = before.or(now);
        }
        for (id, before) in &mut pending.sets {
            if before.is_none() {
                *before = self.sets.get(id).map(|set| set.kind.clone());
            }
        }
        batch
    }

    /// Fills new sets, so that a packet that reaches them later finds all members.
    fn add_members(&self, batch: &mut Batch, pending: &mut Pending, target: TableTarget<'_>) {
        let mut added = Elements::new();
        let is_new = |slot: &Slot| match slot {
            Slot::Member(id, _) => matches!(pending.sets.get(id), Some(None)),
            _ => false,
        };
        for (slot, before) in pending.elements.iter_mut().filter(|(slot, _)| is_new(slot)) {
            let now = self.content(slot);
            if before.is_none() && now.is_some() {
                add(
                    &mut added,
                    sets::element(slot, self.kind(slot), now, target.families),
                );
                *before = now;
            }
        }
        for (set, elements) in added.values() {
            batch.add_elements(target.table, set, elements);
        }
    }

    fn add_sets(&self, batch: &mut Batch, pending: &Pending, target: TableTarget<'_>) {
        let added = pending.sets.iter().filter(|(_, before)| before.is_none());
        let added = added.filter_map(|(id, _)| Some((id, self.sets.get(id)?)));
        for (set, elements) in added.flat_map(|(id, set)| sets::sets(&set.kind, *id, target.families)) {
            batch.add_set(target.table, &set);
            if !elements.is_empty() {
                batch.add_elements(target.table, &set, &elements);
            }
        }
    }

    fn add_profiles(&self, batch: &mut Batch, pending: &Pending, target: TableTarget<'_>) {
        let added = pending.profiles.iter().filter(|(_, before)| before.is_none());
        let added = added.filter_map(|(id, _)| Some((id, self.profiles.get(id)?)));
        let named = added.map(|(id, profile)| (profile_chain(profile.direction, *id), profile));
        let named: Vec<_> = named.collect();
        // All chains come before all rules: profiles may refer to one another.
        for (name, _) in &named {
            batch.add_chain(target.table, &Chain::regular(name));
        }
        for (name, profile) in &named {
            for rule in profile::rules(profile, target.families) {
                batch.add_rule(target.table, name, &rule);
            }
        }
    }

    /// Deletes before it adds: the kernel refuses an element that is there with another verdict (`EEXIST`),
    /// so that a changed one is deleted and added.
    fn change_elements(&self, batch: &mut Batch, pending: &Pending, target: TableTarget<'_>) {
        let (mut deleted, mut added) = (Elements::new(), Elements::new());
        for (slot, before) in &pending.elements {
            let now = self.content(slot);
            // What came and went again, and elements of a set that goes with them.
            if *before == now || self.vanishes(slot, pending) {
                continue;
            }
            let kind = self.kind(slot);
            if before.is_some() {
                add(
                    &mut deleted,
                    sets::element(slot, kind, Some(None), target.families),
                );
            }
            if now.is_some() {
                add(&mut added, sets::element(slot, kind, now, target.families));
            }
        }
        for (set, elements) in deleted.values() {
            batch.delete_elements(target.table, set, elements);
        }
        for (set, elements) in added.values() {
            batch.add_elements(target.table, set, elements);
        }
    }

    /// Whether the set of an element is removed as a whole.
    fn vanishes(&self, slot: &Slot, pending: &Pending) -> bool {
        matches!(slot, Slot::Member(id, _) if pending.sets.contains_key(id) && !self.sets.contains_key(id))
    }

    fn remove_profiles(&self, batch: &mut Batch, pending: &Pending, target: TableTarget<'_>) {
        let gone = pending.profiles.iter();
        let gone = gone.filter(|(id, before)| before.is_some() && !self.profiles.contains_key(id));
        let names = gone.filter_map(|(id, before)| Some(profile_chain((*before)?, *id)));
        let names: Vec<_> = names.collect();
        // Chains are emptied first: one of them may refer to another.
        for name in &names {
            batch.flush_chain(target.table, name);
        }
        for name in &names {
            batch.delete_chain(target.table, name);
        }
    }

    fn remove_sets(&self, batch: &mut Batch, pending: &Pending, target: TableTarget<'_>) {
        let gone = pending.sets.iter().filter(|(id, _)| !self.sets.contains_key(id));
        for (id, kind) in gone.filter_map(|(id, kind)| Some((id, kind.as_ref()?))) {
            for (set, _) in sets::sets(kind, *id, target.families) {
                batch.delete_set(target.table, &set.name);
            }
        }
    }
}

fn add(elements: &mut Elements, one: Option<(Set, Element)>) {
    if let Some((set, element)) = one {
        let name = set.name.clone();
        elements
            .entry(name)
            .or_insert_with(|| (set, Vec::new()))
            .1
            .push(element);
    }
}
