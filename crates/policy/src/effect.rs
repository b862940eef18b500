//! What a change does to permissions.

use std::ops::BitOrAssign;

use crate::engine::{Engine, Pending, Slot};
use crate::rules::{Id, Member, SetKind};

/// What a change does to permissions: whether connections that were allowed may be forbidden now, and the
/// other way round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// Something may be forbidden that was not before.
    pub restricts: bool,
    /// Something may be allowed that was not before.
    pub relaxes: bool,
}

impl Effect {
    /// Anything may be different.
    pub const ALL: Self = Self {
        restricts: true,
        relaxes: true,
    };
}

impl BitOrAssign for Effect {
    fn bitor_assign(&mut self, other: Self) {
        self.restricts |= other.restricts;
        self.relaxes |= other.relaxes;
    }
}

impl Engine {
    /// What the pending changes do to permissions.
    pub(crate) fn effect(&self, pending: &Pending) -> Effect {
        let mut effect = Effect::default();
        for (slot, before) in &pending.elements {
            let now = self.rules().content(slot);
            if *before == now {
                continue;
            }
            match slot {
                // A profile forbids, compared with none.
                Slot::Map(..) => {
                    effect.restricts |= now.is_some();
                    effect.relaxes |= before.is_some();
                }
                // Nothing leads to a set that goes.
                Slot::Member(id, _) if !self.rules().sets.contains_key(id) => {}
                Slot::Member(id, member) if now.is_none() && self.is_lost(*id, member) => {}
                Slot::Member(id, _) if self.denies(*id) => effect |= Effect::ALL,
                // A member of another set is allowed something.
                Slot::Member(..) => {
                    effect.restricts |= before.is_some();
                    effect.relaxes |= now.is_some();
                }
                Slot::Isolated(_) | Slot::Known(_) => {}
            }
        }
        effect
    }

    /// Whether a member is of a pod that is gone: no pod goes on with its connections.
    fn is_lost(&self, set: Id, member: &Member) -> bool {
        let set = self.rules().sets.get(&set);
        let of_pods = set.is_some_and(|set| matches!(set.kind, SetKind::Pods(_) | SetKind::Tuples(_)));
        of_pods && !self.rules().known.contains(&member.address)
    }
}
