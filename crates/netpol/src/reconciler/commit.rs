//! Commits, and what follows from each.

use std::time::Duration;

use kinglet_kube::Backoff;
use kinglet_nft::Error;
use kinglet_policy::Effect;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use crate::actor::CommitHandle;
use crate::deadline::Deadline;
use crate::enforcement::{Enforcement, Obstacle};
use crate::enforcer::{Committed, Enforcer};
use crate::error::AgentError;
use crate::events::EventWriter;
use crate::input::Input;
use crate::metrics::Metrics;

/// Between two sweeps. No packet takes that long through a chain that is to go, and kernels before 6.2 cannot
/// delete an element and the chain that it led to in one batch.
const SWEEP: Duration = Duration::from_secs(1);

/// Commits, and tells everybody what follows from a commit.
pub(crate) struct Committer {
    pub(crate) enforcer: CommitHandle,
    /// The connection revoker hears what commits do to permissions.
    pub(crate) effects: UnboundedSender<Effect>,
    pub(crate) events: EventWriter,
    pub(crate) enforcement: Enforcement,
    pub(crate) metrics: Metrics,
    /// When chains are removed that nothing leads to.
    pub(crate) sweep: Deadline,
    /// The last commit did not do all that was to do.
    pub(crate) is_behind: bool,
}

impl Committer {
    /// Takes changes in, without a commit.
    pub(crate) async fn apply(&mut self, inputs: Vec<Input>) -> Result<(), AgentError> {
        inputs.iter().for_each(|input| self.events.observe(input));
        self.enforcer.apply(inputs).await
    }

    /// Brings the kernel up to date by the difference.
    pub(crate) async fn change(&mut self, inputs: Vec<Input>) -> Result<(), AgentError> {
        inputs.iter().for_each(|input| self.events.observe(input));
        let change = move |enforcer: &mut Enforcer| {
            enforcer.apply(inputs);
            enforcer.commit()
        };
        self.commit(change).await
    }

    /// Goes on where the last commit ended.
    pub(crate) async fn go_on(&mut self) -> Result<(), AgentError> {
        self.commit(Enforcer::commit).await
    }

    /// Waits until [`sweep`](Self::sweep) is due.
    pub(crate) async fn sweep_due(&mut self) {
        self.sweep.reached().await;
    }

    /// Removes chains that nothing leads to.
    pub(crate) async fn sweep(&mut self) -> Result<(), AgentError> {
        self.commit(Enforcer::sweep).await
    }

    /// Commits a difference.
    async fn commit(
        &mut self,
        work: impl FnOnce(&mut Enforcer) -> Result<Committed, Error> + Send + 'static,
    ) -> Result<(), AgentError> {
        match self.attempt(work).await {
            Err(AgentError::Kernel(error)) => {
                // Of two batches the first may have been taken: no difference leads from there.
                tracing::warn!("network policy: {error}; all rules are replaced");
                self.replace().await
            }
            attempted => attempted,
        }
    }

    /// Replaces all rules, with growing pauses until it succeeds.
    pub(crate) async fn replace(&mut self) -> Result<(), AgentError> {
        let mut backoff = Backoff::new();
        while let Err(error) = self.attempt(Enforcer::replace).await {
            let AgentError::Kernel(error) = error else {
                return Err(error);
            };
            let pause = backoff.pause();
            tracing::error!("network policy: {error}; next attempt in {pause:?}");
            self.events.rules_refused(&error);
            self.enforcement.blocked_by(Obstacle::RulesMissing);
            tokio::time::sleep(pause).await;
        }
        self.enforcement.cleared(Obstacle::RulesMissing);
        Ok(())
    }

    async fn attempt(
        &mut self,
        work: impl FnOnce(&mut Enforcer) -> Result<Committed, Error> + Send + 'static,
    ) -> Result<(), AgentError> {
        // Time in the queue of the actor counts, too: the change waits all the same.
        let began = Instant::now();
        let attempt = self.enforcer.attempt(work).await?;
        for problem in &attempt.problems {
            self.events.problem(problem);
        }
        let committed = attempt.result.inspect_err(|_| self.metrics.count_failure())?;
        self.metrics.count_commit(&committed, began.elapsed());
        self.tell_revoker(committed.effect);
        self.is_behind = committed.is_behind;
        if committed.has_idle {
            self.sweep.within(SWEEP);
        }
        Ok(())
    }

    /// Lets the revoker go through all connections.
    pub(crate) fn judge_all_connections(&self) {
        self.tell_revoker(Effect::ALL);
    }

    fn tell_revoker(&self, effect: Effect) {
        // The revoker ends only when the agent does.
        let _ = self.effects.send(effect);
    }
}
