//! Rules whose changes are noted.

use std::sync::Arc;

use super::pending::{Content, Pending, Slot};
use crate::rules::{Id, Profile, Rules, Set};

/// The rules of a node, and what of them the kernel does not have yet. All changes go through here: a change
/// that is not noted would never reach the kernel.
#[derive(Debug, Default)]
pub(crate) struct TrackedRules {
    pub(crate) rules: Rules,
    pub(crate) pending: Pending,
}

impl TrackedRules {
    /// Puts an element into a slot, or removes it.
    pub(super) fn set(&mut self, slot: Slot, content: Content) {
        if self.rules.content(&slot) != content {
            self.pending.note(&self.rules, &slot);
            self.rules.set(&slot, content);
        }
    }

    pub(super) fn insert_profile(&mut self, id: Id, profile: Arc<Profile>) {
        self.pending.note_profile(&self.rules, id);
        self.rules.profiles.insert(id, profile);
    }

    pub(super) fn remove_profile(&mut self, id: Id) -> Option<Arc<Profile>> {
        self.pending.note_profile(&self.rules, id);
        self.rules.profiles.remove(&id)
    }

    pub(super) fn insert_set(&mut self, id: Id, set: Set) {
        self.pending.note_set(&self.rules, id);
        for member in &set.members {
            self.pending.note(&self.rules, &Slot::Member(id, *member));
        }
        self.rules.sets.insert(id, set);
    }

    pub(super) fn remove_set(&mut self, id: Id) {
        self.pending.note_set(&self.rules, id);
        let Some(set) = self.rules.sets.get(&id) else {
            return;
        };
        // If the set comes back before the next batch, its members are compared with these.
        for member in &set.members {
            self.pending.note(&self.rules, &Slot::Member(id, *member));
        }
        self.rules.sets.remove(&id);
    }
}
