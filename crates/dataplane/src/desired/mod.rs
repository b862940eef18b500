//! What the table is to hold, kept from change to change, and what of it the kernel does not have yet.
//!
//! Sets are shared, so several Services may claim one element: that of the oldest Service counts, then that of the first name.

mod batch;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kinglet_model::{Object, ObjectName, Service};
use kinglet_nft::{Data, Mapped};

use crate::frame::SetId;
use crate::program::{Body, Objects};

/// An element of a set, by its key.
type Slot = (SetId, Data);
/// What an element leads to, where sets are maps; nothing if there is no element.
type Content = Option<Option<Mapped>>;

/// Chains that may differ from the kernel's, with their Service and what the kernel has.
type Chains = BTreeMap<String, (ObjectName, Option<Body>)>;

/// The order in which Services get what several claim: by age, then by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    created: Option<i64>,
    name: ObjectName,
}

impl Rank {
    pub(crate) fn of(service: &Service) -> Self {
        let created = service.metadata.creation_timestamp;
        Self {
            created: created.map(|time| time.as_second()),
            name: service.object_name(),
        }
    }
}

/// What the table is to hold.
#[derive(Debug, Default)]
pub(crate) struct Desired {
    services: HashMap<ObjectName, (Rank, Objects)>,
    claims: HashMap<Slot, BTreeSet<Rank>>,
    /// Elements that may differ from the kernel's, with what the kernel has.
    elements: BTreeMap<Slot, Content>,
    chains: Chains,
}

impl Desired {
    /// Sets what a Service puts into the table.
    pub(crate) fn apply(&mut self, rank: Rank, objects: Objects) {
        let name = rank.name.clone();
        let before = self.services.get(&name);
        let (old_rank, old) = before
            .cloned()
            .unwrap_or_else(|| (rank.clone(), Objects::default()));
        let differ = |slot: &&Slot| rank != old_rank || old.elements.get(slot) != objects.elements.get(slot);
        for slot in old.elements.keys().filter(differ) {
            self.note(slot);
            self.unclaim(slot, &old_rank);
        }
        for slot in objects.elements.keys().filter(differ) {
            self.note(slot);
            self.claims.entry(slot.clone()).or_default().insert(rank.clone());
        }
        self.note_chains(&name, &old, &objects);
        if objects == Objects::default() {
            self.services.remove(&name);
        } else {
            self.services.insert(name, (rank, objects));
        }
    }

    /// Removes what a Service put into the table.
    pub(crate) fn remove(&mut self, name: &ObjectName) {
        if let Some((rank, _)) = self.services.get(name) {
            self.apply(rank.clone(), Objects::default());
        }
    }

    /// Remembers what the kernel has of the chains that change.
    fn note_chains(&mut self, service: &ObjectName, old: &Objects, new: &Objects) {
        let names: BTreeSet<&String> = old.chains.keys().chain(new.chains.keys()).collect();
        for name in names {
            let before = old.chains.get(name);
            if before != new.chains.get(name) {
                let known = || (service.clone(), before.cloned());
                self.chains.entry(name.clone()).or_insert_with(known);
            }
        }
    }

    /// Remembers what the kernel has of an element that changes.
    fn note(&mut self, slot: &Slot) {
        if !self.elements.contains_key(slot) {
            let content = self.content(slot);
            self.elements.insert(slot.clone(), content);
        }
    }

    fn unclaim(&mut self, slot: &Slot, rank: &Rank) {
        if let Some(claims) = self.claims.get_mut(slot) {
            claims.remove(rank);
            if claims.is_empty() {
                self.claims.remove(slot);
            }
        }
    }

    /// What an element is to lead to.
    fn content(&self, slot: &Slot) -> Content {
        let winner = self.claims.get(slot)?.first()?;
        let (_, objects) = self.services.get(&winner.name)?;
        objects.elements.get(slot).cloned()
    }

    fn chain(&self, service: &ObjectName, name: &str) -> Option<&Body> {
        let (_, objects) = self.services.get(service)?;
        objects.chains.get(name)
    }
}
