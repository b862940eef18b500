//! How many hold profiles and sets, and which sets a pod can be in.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::footprint::Footprint;
use super::{Engine, Slot};
use crate::compile::filled;
use crate::rules::{Id, Kind};

/// Reference counts.
#[derive(Debug, Default)]
pub(super) struct Holders {
    profiles: HashMap<Id, usize>,
    sets: HashMap<Id, usize>,
    /// Sets that pods change, by the only namespace whose pods do, if there is one.
    by_namespace: BTreeMap<Option<Arc<str>>, BTreeSet<Id>>,
}

impl Holders {
    /// The sets that a pod of a namespace can be in.
    pub(super) fn candidates(&self, namespace: &Arc<str>) -> impl Iterator<Item = Id> + '_ {
        let own = self.by_namespace.get(&Some(namespace.clone()));
        let all = self.by_namespace.get(&None);
        own.into_iter().chain(all).flatten().copied()
    }
}

impl Engine {
    /// Adds the profiles of a pod, and their sets, if they are not there yet.
    pub(super) fn hold(&mut self, footprint: &Footprint) {
        for (id, profile) in &footprint.profiles {
            let count = self.holders.profiles.entry(*id).or_default();
            *count += 1;
            if *count > 1 {
                continue;
            }
            self.touched.note_profile(&self.rules, *id);
            self.rules.profiles.insert(*id, profile.clone());
            profile.sets().for_each(|kind| self.hold_set(kind));
        }
    }

    fn hold_set(&mut self, kind: Kind) {
        let id = kind.id();
        let count = self.holders.sets.entry(id).or_default();
        *count += 1;
        if *count > 1 {
            return;
        }
        if !matches!(kind, Kind::Ranges(_)) {
            let namespace = kind.namespace().cloned();
            self.holders.by_namespace.entry(namespace).or_default().insert(id);
        }
        self.touched.note_set(&self.rules, id);
        let set = filled(kind, &self.cluster);
        for member in &set.members {
            self.touched.note(&self.rules, &Slot::Member(id, *member));
        }
        self.rules.sets.insert(id, set);
    }

    /// Removes the profiles of a pod, and their sets, that nothing else holds.
    pub(super) fn release(&mut self, footprint: &Footprint) {
        for (id, profile) in &footprint.profiles {
            if released(&mut self.holders.profiles, *id) {
                self.touched.note_profile(&self.rules, *id);
                self.rules.profiles.remove(id);
                profile.sets().for_each(|kind| self.release_set(&kind));
            }
        }
    }

    fn release_set(&mut self, kind: &Kind) {
        let id = kind.id();
        if !released(&mut self.holders.sets, id) {
            return;
        }
        let namespace = kind.namespace().cloned();
        if let Some(sets) = self.holders.by_namespace.get_mut(&namespace) {
            sets.remove(&id);
            if sets.is_empty() {
                self.holders.by_namespace.remove(&namespace);
            }
        }
        self.touched.note_set(&self.rules, id);
        let members = self.rules.sets.get(&id).map(|set| set.members.clone());
        for member in members.unwrap_or_default() {
            self.touched.note(&self.rules, &Slot::Member(id, member));
        }
        self.rules.sets.remove(&id);
    }
}

/// Whether nothing holds it any more.
fn released(counts: &mut HashMap<Id, usize>, id: Id) -> bool {
    let Some(count) = counts.get_mut(&id) else {
        return false;
    };
    *count -= 1;
    let last = *count == 0;
    if last {
        counts.remove(&id);
    }
    last
}
