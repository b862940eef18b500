//! What the table is to hold, kept from change to change, and what of it the kernel does not have yet.
//!
//! Sets are shared, so several Services may claim one element: that of the oldest Service counts, then that
//! of the first name. Chains are shared, too, but what several claim is the same.

mod adopt;
mod batch;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

use kinglet_model::{Object, ObjectName, Service};
use kinglet_nft::{Data, Mapped};

use crate::lower::{Body, Objects};
use crate::table::SetId;

/// An element of a set, by its key.
type Slot = (SetId, Data);
/// What an element leads to, where sets are maps; nothing if there is no element.
type Content = Option<Option<Mapped>>;

/// Chains that may differ from the kernel's, with what the kernel has.
type Chains = BTreeMap<String, Option<Body>>;

/// The order in which Services get what several claim: by age, then by name. Whoever creates a Service later
/// with the same external address must not get the connections of the first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    created: Option<i64>,
    name: ObjectName,
}

impl Rank {
    /// That of the node itself, in which no Service has its name.
    pub(crate) fn of_node(name: &str) -> Self {
        Self {
            created: None,
            name: ObjectName::cluster(name),
        }
    }

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
    chain_claims: HashMap<String, BTreeSet<ObjectName>>,
    /// Elements that may differ from the kernel's, with what the kernel has.
    elements: BTreeMap<Slot, Content>,
    chains: Chains,
    /// The kernel's base chains may be those of another version of the program, or of other settings.
    rewrite_base: bool,
}

impl Desired {
    /// How many Services put anything into the table.
    pub(crate) fn len(&self) -> usize {
        // The node itself has no namespace.
        let names = self.services.keys();
        names.filter(|name| !name.namespace.is_empty()).count()
    }

    /// Sets what a Service puts into the table.
    pub(crate) fn apply(&mut self, rank: Rank, objects: Objects) {
        let name = rank.name.clone();
        let before = self.services.get(&name);
        let (old_rank, old) = before
            .cloned()
            .unwrap_or_else(|| (rank.clone(), Objects::default()));
        // A Service that was made again under its name has another age: all its claims change places.
        let differ = |slot: &&Slot| rank != old_rank || old.elements.get(slot) != objects.elements.get(slot);
        for slot in old.elements.keys().filter(differ) {
            self.note(slot);
            release(&mut self.claims, slot, &old_rank);
        }
        for slot in objects.elements.keys().filter(differ) {
            self.note(slot);
            self.claims.entry(slot.clone()).or_default().insert(rank.clone());
        }
        self.claim_chains(&name, &old, &objects);
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

    /// Remembers what the kernel has of the chains that a Service gets, changes or leaves, and claims and
    /// leaves them.
    fn claim_chains(&mut self, service: &ObjectName, old: &Objects, new: &Objects) {
        let differ = |name: &&String| old.chains.get(*name) != new.chains.get(*name);
        for name in old.chains.keys().chain(new.chains.keys()).filter(differ) {
            if !self.chains.contains_key(name) {
                let body = self.chain(name).cloned();
                self.chains.insert(name.clone(), body);
            }
            if new.chains.contains_key(name) {
                let claims = self.chain_claims.entry(name.clone()).or_default();
                claims.insert(service.clone());
            } else {
                release(&mut self.chain_claims, name, service);
            }
        }
    }

    /// Remembers what the kernel has of an element that changes.
    fn note(&mut self, slot: &Slot) {
        // What the kernel has is what was desired before the first change since the last batch.
        if !self.elements.contains_key(slot) {
            let content = self.content(slot);
            self.elements.insert(slot.clone(), content);
        }
    }

    /// What an element is to lead to.
    fn content(&self, slot: &Slot) -> Content {
        let winner = self.claims.get(slot)?.first()?;
        let (_, objects) = self.services.get(&winner.name)?;
        objects.elements.get(slot).cloned()
    }

    fn chain(&self, name: &str) -> Option<&Body> {
        let service = self.chain_claims.get(name)?.first()?;
        let (_, objects) = self.services.get(service)?;
        objects.chains.get(name)
    }
}

/// Takes a claim back.
fn release<K: Eq + Hash, C: Ord>(claims: &mut HashMap<K, BTreeSet<C>>, key: &K, claim: &C) {
    if let Some(claimed) = claims.get_mut(key) {
        claimed.remove(claim);
        if claimed.is_empty() {
            claims.remove(key);
        }
    }
}
