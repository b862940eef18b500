//! Whether the node enforces policies, and who is told.

use std::collections::BTreeSet;

/// Something that keeps policies from being enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Obstacle {
    /// The kernel does not have the rules of all objects.
    RulesMissing,
    /// Bridges forward packets between pods of the node past nftables.
    BridgesBypass,
}

/// What keeps policies from being enforced at present, and whoever hears whether they are.
pub(crate) struct Enforcement {
    obstacles: BTreeSet<Obstacle>,
    observer: Box<dyn Fn(bool) + Send + Sync>,
}

impl Enforcement {
    /// The kernel does not have the rules yet.
    pub(crate) fn new(observer: Box<dyn Fn(bool) + Send + Sync>) -> Self {
        Self {
            obstacles: BTreeSet::from([Obstacle::RulesMissing]),
            observer,
        }
    }

    /// Notes an obstacle, and tells the observer.
    pub(crate) fn blocked_by(&mut self, obstacle: Obstacle) {
        self.obstacles.insert(obstacle);
        (self.observer)(false);
    }

    /// An obstacle is gone; tells the observer whether there are others.
    pub(crate) fn cleared(&mut self, obstacle: Obstacle) {
        self.obstacles.remove(&obstacle);
        (self.observer)(self.obstacles.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn policies_are_enforced_when_no_obstacle_is_left() {
        let told = Arc::new(AtomicBool::new(false));
        let observer = told.clone();
        let mut enforcement = Enforcement::new(Box::new(move |now| observer.store(now, Ordering::Relaxed)));
        let is_told = || told.load(Ordering::Relaxed);
        enforcement.blocked_by(Obstacle::BridgesBypass);
        enforcement.cleared(Obstacle::RulesMissing);
        assert!(!is_told(), "bridges still bypass the rules");
        enforcement.cleared(Obstacle::BridgesBypass);
        assert!(is_told());
        enforcement.blocked_by(Obstacle::RulesMissing);
        assert!(!is_told());
    }
}
