//! The task that owns the [`Enforcer`], and with it the rules in the kernel. The other tasks ask it through
//! [`CommitHandle`] and [`QueryHandle`].

use std::collections::{BTreeSet, HashSet};
use std::net::IpAddr;

use kinglet_nft::{Difference, Entry, Error, Logged};
use kinglet_policy::{Denial, Problem};
use kinglet_telemetry::{Blocking, WorkerPanicked};
use tokio::sync::{mpsc, oneshot};

use crate::enforcer::{Committed, DeniedCount, Enforcer, Judged};
use crate::error::AgentError;
use crate::input::Input;

/// Work for the enforcer. It sends its answer itself.
type Request = Box<dyn FnOnce(&mut Enforcer) + Send>;

/// Owns the enforcer.
pub(crate) struct EnforcerActor {
    enforcer: Blocking<Enforcer>,
    commits: mpsc::UnboundedReceiver<Request>,
    queries: mpsc::UnboundedReceiver<Request>,
}

/// Sends requests of one urgency.
#[derive(Clone)]
struct Requests(mpsc::UnboundedSender<Request>);

/// Asks for changes of the rules, for the reconciler.
pub(crate) struct CommitHandle(Requests);

/// Asks what the rules say, for those who may wait.
#[derive(Clone)]
pub(crate) struct QueryHandle(Requests);

/// What became of a commit.
pub(crate) struct Attempt {
    pub(crate) result: Result<Committed, Error>,
    /// Problems of policies that had not been there before.
    pub(crate) problems: Vec<Problem>,
}

impl EnforcerActor {
    /// The actor, and the handles that it answers.
    pub(crate) fn new(enforcer: Enforcer) -> (Self, CommitHandle, QueryHandle) {
        let (commit, commits) = mpsc::unbounded_channel();
        let (query, queries) = mpsc::unbounded_channel();
        let actor = Self {
            enforcer: Blocking::new(enforcer),
            commits,
            queries,
        };
        (
            actor,
            CommitHandle(Requests(commit)),
            QueryHandle(Requests(query)),
        )
    }

    /// Answers until nobody can ask any more.
    pub(crate) async fn run(mut self) -> Result<(), AgentError> {
        loop {
            let request = tokio::select! {
                // A starting pod may wait for the commit; connections and counters can be a moment late.
                biased;
                Some(request) = self.commits.recv() => request,
                Some(request) = self.queries.recv() => request,
                else => return Ok(()),
            };
            self.enforcer.run(request).await?;
        }
    }
}

impl Requests {
    async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Enforcer) -> R + Send + 'static,
    ) -> Result<R, WorkerPanicked> {
        let (answer, answered) = oneshot::channel();
        let request = move |enforcer: &mut Enforcer| {
            // Nobody waits any more when the agent is stopping.
            let _ = answer.send(work(enforcer));
        };
        // The actor ends before its handles only when a request panicked.
        self.0.send(Box::new(request)).map_err(|_| WorkerPanicked)?;
        answered.await.map_err(|_| WorkerPanicked)
    }
}

impl CommitHandle {
    /// Takes changes in without a commit.
    pub(crate) async fn apply(&self, inputs: Vec<Input>) -> Result<(), AgentError> {
        Ok(self.0.run(|enforcer| enforcer.apply(inputs)).await?)
    }

    /// Runs something that commits.
    pub(crate) async fn attempt(
        &self,
        commit: impl FnOnce(&mut Enforcer) -> Result<Committed, Error> + Send + 'static,
    ) -> Result<Attempt, AgentError> {
        let attempt = |enforcer: &mut Enforcer| Attempt {
            result: commit(enforcer),
            problems: enforcer.take_problems(),
        };
        Ok(self.0.run(attempt).await?)
    }

    /// What of the kernel's table is not as it was committed.
    pub(crate) async fn compare(&self) -> Result<BTreeSet<Difference>, AgentError> {
        Ok(self.0.run(Enforcer::compare).await??)
    }

    /// Removes what kube-router left. Returns the names of what it was in.
    pub(crate) async fn remove_leftovers(&self) -> Result<Vec<String>, AgentError> {
        Ok(self.0.run(Enforcer::remove_leftovers).await??)
    }

    /// Names of ports in policies that no pod has.
    pub(crate) async fn unresolved(&self) -> Result<BTreeSet<Problem>, AgentError> {
        Ok(self.0.run(|enforcer| enforcer.unresolved()).await?)
    }
}

impl QueryHandle {
    /// The bit that revokes connections, and the addresses whose connections matter.
    pub(crate) async fn isolated(&self) -> Result<(u32, HashSet<IpAddr>), AgentError> {
        Ok(self.0.run(|enforcer| enforcer.isolated()).await?)
    }

    /// The changes of connections that make them fit the policies.
    pub(crate) async fn judge(
        &self,
        entries: Vec<Entry>,
    ) -> Result<(Vec<kinglet_nft::Change>, Judged), AgentError> {
        Ok(self.0.run(move |enforcer| enforcer.judge(&entries)).await?)
    }

    /// Why logged packets were denied.
    pub(crate) async fn denials(&self, packets: Vec<Logged>) -> Result<Vec<Denial>, AgentError> {
        Ok(self.0.run(move |enforcer| enforcer.denials(&packets)).await?)
    }

    /// How many packets pods were denied.
    pub(crate) async fn count_denied(&self) -> Result<Vec<DeniedCount>, AgentError> {
        Ok(self.0.run(Enforcer::count_denied).await??)
    }
}

#[cfg(test)]
mod tests;
