//! How many hold profiles and sets, and which sets a pod can be in.
//!
//! A profile that nobody holds any more stays for a while: a packet may be on its way to it, and would find
//! nothing there that denies.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::footprint::Footprint;
use super::{Engine, Slot};
use crate::checked::Action;
use crate::compile::filled;
use crate::rules::{Id, Kind, Profile};

/// Reference counts.
#[derive(Debug, Default)]
pub(super) struct Holders {
    profiles: HashMap<Id, usize>,
    sets: HashMap<Id, usize>,
    /// Those of them whose members are not just allowed something.
    denying: HashMap<Id, usize>,
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
            self.hold_profile(*id, profile);
        }
    }

    fn hold_profile(&mut self, id: Id, profile: &Arc<Profile>) {
        let count = self.holders.profiles.entry(id).or_default();
        *count += 1;
        if *count > 1 || self.holders.idle.remove(&id).is_some() {
            return;
        }
        self.touched.note_profile(&self.rules, id);
        self.rules.profiles.insert(id, profile.clone());
        for (action, kind) in profile.sets() {
            self.hold_set(action, kind);
        }
        if let Some((id, next)) = profile.next() {
            self.hold_profile(id, next);
        }
    }

    fn hold_set(&mut self, action: Action, kind: Kind) {
        let id = kind.id();
        if action != Action::Accept {
            *self.holders.denying.entry(id).or_default() += 1;
        }
        let count = self.holders.sets.entry(id).or_default();
        *count += 1;
        if *count > 1 {
            return;
        }
        if kind.has_pods() {
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

    /// Whether members of a set may be denied something.
    pub(crate) fn denies(&self, set: Id) -> bool {
        self.holders.denying.contains_key(&set)
    }

    /// Lets go of the profiles of a pod.
    pub(super) fn release(&mut self, footprint: &Footprint) {
        for (id, _) in &footprint.profiles {
            self.release_profile(*id);
        }
    }

    fn release_profile(&mut self, id: Id) {
        if released(&mut self.holders.profiles, id) {
            self.holders.idle.insert(id, false);
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
        while let Some((id, _)) = self.holders.idle.pop_first() {
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
            for (action, kind) in profile.sets() {
                self.release_set(action, &kind);
            }
            if let Some((next, _)) = profile.next() {
                self.release_profile(next);
            }
        }
    }

    fn release_set(&mut self, action: Action, kind: &Kind) {
        let id = kind.id();
        if action != Action::Accept {
            released(&mut self.holders.denying, id);
        }
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
