//! How often profiles and sets are referred to, and which sets a pod can be in.
//!
//! A profile without references stays until two sweeps have found it so: the kernel may have looked a map up
//! for a packet and be on its way to the profile's chain. Were the chain gone or empty, nothing would deny
//! that packet.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::tracked::TrackedRules;
use crate::checked::Action;
use crate::cluster::Cluster;
use crate::compile::filled;
use crate::rules::{Id, Profile, SetKind};

/// Reference counts. Pods refer to profiles, profiles to sets and to the profile of the next tier.
#[derive(Debug, Default)]
pub(super) struct References {
    profiles: HashMap<Id, usize>,
    sets: HashMap<Id, usize>,
    /// Of those to sets, the ones of steps that do not accept.
    denying: HashMap<Id, usize>,
    /// Profiles without references, and whether the last sweep found them so.
    idle: BTreeMap<Id, bool>,
    /// Sets of pods, by the only namespace whose pods can be members, if there is one. Without this index a
    /// change of a pod would have to look at all sets of the node.
    by_namespace: BTreeMap<Option<Arc<str>>, BTreeSet<Id>>,
}

impl References {
    /// The sets that a pod of a namespace can be in.
    pub(super) fn candidates(&self, namespace: &Arc<str>) -> impl Iterator<Item = Id> + '_ {
        let own = self.by_namespace.get(&Some(namespace.clone()));
        let all = self.by_namespace.get(&None);
        own.into_iter().chain(all).flatten().copied()
    }

    /// Adds a reference to a profile; adds the profile and its sets if they are not there yet.
    pub(super) fn acquire(
        &mut self,
        id: Id,
        profile: &Arc<Profile>,
        tracked: &mut TrackedRules,
        cluster: &Cluster,
    ) {
        let count = self.profiles.entry(id).or_default();
        *count += 1;
        // An idle profile is still in the kernel, with its sets.
        if *count > 1 || self.idle.remove(&id).is_some() {
            return;
        }
        tracked.insert_profile(id, profile.clone());
        for (action, kind) in profile.sets() {
            self.acquire_set(action, kind, tracked, cluster);
        }
        if let Some((id, next)) = profile.next() {
            self.acquire(id, next, tracked, cluster);
        }
    }

    fn acquire_set(&mut self, action: Action, kind: SetKind, tracked: &mut TrackedRules, cluster: &Cluster) {
        let id = kind.id();
        if action != Action::Accept {
            *self.denying.entry(id).or_default() += 1;
        }
        let count = self.sets.entry(id).or_default();
        *count += 1;
        if *count > 1 {
            return;
        }
        if kind.has_pods() {
            let namespace = kind.namespace().cloned();
            self.by_namespace.entry(namespace).or_default().insert(id);
        }
        tracked.insert_set(id, filled(kind, cluster));
    }

    /// Whether a step that does not accept refers to the set.
    pub(super) fn denies(&self, set: Id) -> bool {
        self.denying.contains_key(&set)
    }

    /// Drops a reference to a profile, which stays until it is swept.
    pub(super) fn release(&mut self, id: Id) {
        if released(&mut self.profiles, id) {
            self.idle.insert(id, false);
        }
    }

    /// Removes the profiles that have had no reference since the last sweep, and their sets.
    pub(super) fn sweep(&mut self, tracked: &mut TrackedRules) {
        let idle = std::mem::take(&mut self.idle);
        for (id, before) in idle {
            if before {
                self.remove_profile(id, tracked);
            } else {
                self.idle.insert(id, true);
            }
        }
    }

    /// Removes everything without references.
    pub(super) fn sweep_all(&mut self, tracked: &mut TrackedRules) {
        // A profile that goes may leave the one of the next tier without references.
        while let Some((id, _)) = self.idle.pop_first() {
            self.remove_profile(id, tracked);
        }
    }

    /// The number of profiles without references.
    pub(super) fn idle(&self) -> usize {
        self.idle.len()
    }

    /// Whether something waits to be swept.
    pub(super) fn has_idle(&self) -> bool {
        !self.idle.is_empty()
    }

    fn remove_profile(&mut self, id: Id, tracked: &mut TrackedRules) {
        let Some(profile) = tracked.remove_profile(id) else {
            return;
        };
        for (action, kind) in profile.sets() {
            self.release_set(action, &kind, tracked);
        }
        if let Some((next, _)) = profile.next() {
            self.release(next);
        }
    }

    fn release_set(&mut self, action: Action, kind: &SetKind, tracked: &mut TrackedRules) {
        let id = kind.id();
        if action != Action::Accept {
            released(&mut self.denying, id);
        }
        if !released(&mut self.sets, id) {
            return;
        }
        let namespace = kind.namespace().cloned();
        if let Some(sets) = self.by_namespace.get_mut(&namespace) {
            sets.remove(&id);
            if sets.is_empty() {
                self.by_namespace.remove(&namespace);
            }
        }
        tracked.remove_set(id);
    }
}

/// Drops a reference; whether it was the last one.
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
