//! How many hold profiles and sets, and which sets a pod can be in.
//!
//! A profile that nobody holds any more stays for a while: a packet may be on its way to it, and would find nothing there that denies.

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
    /// Profiles that nobody holds, and whether the last sweep found them so.
    idle: BTreeMap<Id, bool>,
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
            if *count > 1 || self.holders.idle.remove(id).is_some() {
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

    /// Lets go of the profiles of a pod.
    pub(super) fn release(&mut self, footprint: &Footprint) {
        for (id, _) in &footprint.profiles {
            if released(&mut self.holders.profiles, *id) {
                self.holders.idle.insert(*id, false);
            }
        }
    }

    /// Removes the profiles, and their sets, that nobody has held since the last sweep.
    pub(crate) fn sweep(&mut self) {
        let idle = std::mem::take(&mut self.holders.idle);
        for (id, before) in idle {
            if before {
                self.remove_profile(id);
            } else {
                self.holders.idle.insert(id, true);
            }
        }
    }

    /// Removes everything that nobody holds.
    pub(crate) fn sweep_all(&mut self) {
        for id in std::mem::take(&mut self.holders.idle).into_keys() {
            self.remove_profile(id);
        }
    }

    /// Whether something waits to be swept.
    pub(crate) fn has_idle(&self) -> bool {
        !self.holders.idle.is_empty()
    }

    fn remove_profile(&mut self, id: Id) {
        self.touched.note_profile(&self.rules, id);
        if let Some(profile) = self.rules.profiles.remove(&id) {
            profile.sets().for_each(|kind| self.release_set(&kind));
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
