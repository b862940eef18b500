//! How changes affect permissions.

use std::ops::BitOrAssign;

use crate::engine::{Engine, Pending, Slot};
use crate::rules::{Id, Member, SetKind};

/// How changes affect permissions: whether connections that were allowed may be denied now, and the other way
/// round. It errs on the side of a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// A connection that was allowed may be denied.
    pub restricts: bool,
    /// A connection that was denied may be allowed.
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
    /// How the pending changes affect permissions.
    pub(crate) fn effect(&self, pending: &Pending) -> Effect {
        let mut effect = Effect::default();
        for (slot, before) in &pending.elements {
            let now = self.rules().content(slot);
            if *before == now {
                continue;
            }
            match slot {
                // A pod without a profile allows everything, so that any profile restricts it.
                Slot::Map(..) => {
                    effect.restricts |= now.is_some();
                    effect.relaxes |= before.is_some();
                }
                // No profile refers to a set that goes.
                Slot::Member(id, _) if !self.rules().sets.contains_key(id) => {}
                Slot::Member(id, member) if now.is_none() && self.is_lost(*id, member) => {}
                Slot::Member(id, _) if self.denies(*id) => effect |= Effect::ALL,
                // Membership in any other set allows something.
                Slot::Member(..) => {
                    effect.restricts |= before.is_some();
                    effect.relaxes |= now.is_some();
                }
                Slot::Isolated(_) | Slot::Known(_) => {}
            }
        }
        effect
    }

    /// Whether a member belonged to a pod that is gone. Its connections have ended with it, so that there is
    /// nothing to revoke.
    fn is_lost(&self, set: Id, member: &Member) -> bool {
        let set = self.rules().sets.get(&set);
        let of_pods = set.is_some_and(|set| matches!(set.kind, SetKind::Pods(_) | SetKind::Tuples(_)));
        of_pods && !self.rules().known.contains(&member.address)
    }
}
