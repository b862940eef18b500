//! Names of ports in policies that no pod has.

use std::collections::BTreeSet;
use std::time::Duration;

use kinglet_policy::Problem;

use super::commit::Committer;
use crate::deadline::Deadline;
use crate::error::AgentError;

/// Between a change and the check: a policy and the pods that it is about are often applied together.
const SETTLE: Duration = Duration::from_secs(5);

/// When names of ports are checked, and what was found last.
pub(crate) struct PortNames {
    check: Deadline,
    /// The names that no pod had then.
    unresolved: BTreeSet<Problem>,
}

impl PortNames {
    /// The first check comes without a change.
    pub(crate) fn new() -> Self {
        let mut names = Self {
            check: Deadline::default(),
            unresolved: BTreeSet::new(),
        };
        names.restart();
        names
    }

    /// Something changed.
    pub(crate) fn restart(&mut self) {
        self.check.within(SETTLE);
    }

    /// Waits until the names are to be checked.
    pub(crate) async fn due(&mut self) {
        self.check.reached().await;
    }

    /// Reports names that no pod has, each once.
    pub(crate) async fn report(&mut self, committer: &Committer) -> Result<(), AgentError> {
        // The check goes through all policies, and all nodes would find the same.
        if !committer.events.writes_for_all() {
            return Ok(());
        }
        let unresolved = committer.enforcer.unresolved().await?;
        for problem in unresolved.difference(&self.unresolved) {
            committer.events.problem(problem);
        }
        self.unresolved = unresolved;
        Ok(())
    }
}
