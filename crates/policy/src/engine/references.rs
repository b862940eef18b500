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
use crate::rules::{Id, SetKind, SharedProfile};

/// Reference counts. Pods refer to profiles, profiles to sets, to their parts and to the profile of the next
/// tier.
#[derive(Debug, Default)]
pub(super) struct References {
    profiles: HashMap<Id, usize>,
    sets: HashMap<Id, usize>,
    /// Of those to sets, the ones of steps that do not accept.
    denying: HashMap<Id, usize>,
    /// Profiles without references, and whether the last sweep found them so.
    idle: BTreeMap<Id, bool>,
    /// Profiles that two sweeps have found without references.
    leaving: BTreeSet<Id>,
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

    /// Adds a reference to a profile; adds the profile, its sets and what it leads to if they are not there
    /// yet.
    pub(super) fn acquire(
        &mut self,
        (id, profile): &SharedProfile,
        tracked: &mut TrackedRules,
        cluster: &Cluster,
    ) {
        let count = self.profiles.entry(*id).or_default();
        *count += 1;
        // One without references is still in the kernel, with its sets.
        if *count > 1 || self.idle.remove(id).is_some() || self.leaving.remove(id) {
            return;
        }
        tracked.insert_profile(*id, profile.clone());
        for (action, id, kind) in profile.sets() {
            self.acquire_set(action, id, kind, tracked, cluster);
        }
        for next in profile.leads_to() {
            self.acquire(next, tracked, cluster);
        }
    }

    fn acquire_set(
        &mut self,
        action: Action,
        id: Id,
        kind: SetKind,
        tracked: &mut TrackedRules,
        cluster: &Cluster,
    ) {
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

    /// Gives up the profiles that have had no reference since the last sweep.
    pub(super) fn sweep(&mut self) {
        let (leaving, idle): (Vec<_>, Vec<_>) = std::mem::take(&mut self.idle)
            .into_iter()
            .partition(|(_, before)| *before);
        self.leaving.extend(leaving.into_iter().map(|(id, _)| id));
        self.idle = idle.into_iter().map(|(id, _)| (id, true)).collect();
    }

    /// Removes some of the profiles that are given up, with their sets.
    pub(super) fn remove_some(&mut self, count: usize, tracked: &mut TrackedRules) {
        for _ in 0..count {
            let Some(id) = self.leaving.pop_first() else { break };
            self.remove_profile(id, tracked);
        }
    }

    /// Removes everything without references.
    pub(super) fn sweep_all(&mut self, tracked: &mut TrackedRules) {
        // A profile that goes may leave others without references.
        while let Some(id) = self.pop_unused() {
            self.remove_profile(id, tracked);
        }
    }

    fn pop_unused(&mut self) -> Option<Id> {
        let idle = self.idle.pop_first().map(|(id, _)| id);
        idle.or_else(|| self.leaving.pop_first())
    }

    /// The number of profiles without references.
    pub(super) fn idle(&self) -> usize {
        self.idle.len() + self.leaving.len()
    }

    /// Whether something waits to be swept or removed.
    pub(super) fn has_idle(&self) -> bool {
        !self.idle.is_empty() || self.has_leaving()
    }

    /// Whether something waits to be removed.
    pub(super) fn has_leaving(&self) -> bool {
        !self.leaving.is_empty()
    }

    fn remove_profile(&mut self, id: Id, tracked: &mut TrackedRules) {
        let Some(profile) = tracked.remove_profile(id) else {
            return;
        };
        for (action, id, kind) in profile.sets() {
            self.release_set(action, id, &kind, tracked);
        }
        for (next, _) in profile.leads_to() {
            self.release(*next);
        }
    }

    fn release_set(&mut self, action: Action, id: Id, kind: &SetKind, tracked: &mut TrackedRules) {
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
