//! The loop of a controller: changes make keys due, what is due is planned and written, failures are retried.

use std::collections::HashSet;
use std::fmt::Display;
use std::hash::Hash;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _};
use tracing::{debug, warn};

use crate::{Queue, RequestError};

/// Where changes come from: [`Inputs`](crate::Inputs), or what follows kinds that are not known beforehand.
pub trait Source: Send {
    /// A change of an object.
    type Change;

    /// Waits for changes; may be empty when nothing but [`is_synced`](Source::is_synced) changed.
    /// Cancel-safe.
    fn next(&mut self) -> impl Future<Output = Vec<Self::Change>> + Send;

    /// Whether all objects that existed at the start have been given.
    fn is_synced(&self) -> bool;
}

/// The rule of a controller. It is pure but for [`apply`](Reconciler::apply), which writes.
pub trait Reconciler: Send + Sync {
    /// A change of an object.
    type Change: Send;
    /// Names what is worked on as a whole, an object as a rule.
    type Key: Clone + Display + Eq + Hash + Send + Sync;
    /// What is to be written for a key. An attempt may note in it what it has done.
    type Plan: Send;
    /// Why an attempt failed.
    type Error: Failure + Send;

    /// Keys whose writes run at the same time.
    const CONCURRENT: usize = 8;
    /// What a log line says when an attempt fails, for instance `cannot write endpoints`.
    const FAILED: &'static str;

    /// Takes a change in, and names the keys that it makes due.
    fn observe(&mut self, change: Self::Change) -> Vec<Self::Key>;

    /// Plans for keys that are due, from the present state. A key without a plan needs nothing.
    fn plan(&mut self, due: Vec<Self::Key>) -> Vec<(Self::Key, Self::Plan)>;

    /// Writes what a plan says.
    fn apply(
        &self,
        key: &Self::Key,
        plan: &mut Self::Plan,
    ) -> impl Future<Output = Result<Next, Self::Error>> + Send;

    /// Learns what became of a plan, before the next changes are observed.
    fn settle(&mut self, _key: &Self::Key, _plan: Self::Plan, _result: &Result<Next, Self::Error>) {}

    /// The longest pause after failures.
    fn longest_pause(&self) -> Duration {
        Duration::MAX
    }
}

/// When a key is due again although nothing changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Never.
    Done,
    /// After this time.
    After(Duration),
    /// It is not done, and no watch tells when it can be: after a pause that grows from attempt to attempt,
    /// and is never longer than this.
    Retry(Duration),
}

impl Next {
    /// After the time, if there is one.
    pub fn after(pause: Option<Duration>) -> Self {
        pause.map_or(Self::Done, Self::After)
    }
}

/// An error of an attempt.
pub trait Failure: Display {
    /// Whether it only means that the cache was behind: the retry sees more, and nobody need be told.
    fn is_stale(&self) -> bool;
}

impl Failure for RequestError {
    fn is_stale(&self) -> bool {
        self.is_conflict() || self.is_not_found()
    }
}

/// Runs a controller for ever. Nothing is planned before all objects that existed at the start are known;
/// `synced` is called once, at that moment.
///
/// Writes of keys that are due at the same time run side by side, and changes are observed between such
/// rounds: what a reconciler noted of its writes is there before it sees what they made.
pub async fn control<R, S>(mut reconciler: R, mut source: S, synced: impl FnOnce())
where
    R: Reconciler,
    S: Source<Change = R::Change>,
{
    let mut queue = Queue::new();
    let mut synced = Some(synced);
    loop {
        tokio::select! {
            // Changes first, so that a plan is made of the newest state.
            biased;
            changes = source.next() => {
                for key in changes.into_iter().flat_map(|change| reconciler.observe(change)) {
                    queue.mark(key);
                }
            }
            due = queue.take(), if source.is_synced() => work(&mut reconciler, &mut queue, due).await,
        }
        if source.is_synced()
            && let Some(synced) = synced.take()
        {
            synced();
        }
    }
}

async fn work<R: Reconciler>(reconciler: &mut R, queue: &mut Queue<R::Key>, due: Vec<R::Key>) {
    let mut idle: HashSet<R::Key> = due.iter().cloned().collect();
    let plans = reconciler.plan(due);
    for (key, _) in &plans {
        idle.remove(key);
    }
    // What needs nothing any more has not failed: its next failure begins with the shortest pause.
    idle.iter().for_each(|key| queue.succeeded(key));
    for (key, plan, result) in attempt_all(reconciler, plans).await {
        reconciler.settle(&key, plan, &result);
        match result {
            Ok(Next::Done) => queue.succeeded(&key),
            Ok(Next::After(pause)) => {
                queue.succeeded(&key);
                queue.mark_within(key, pause);
            }
            Ok(Next::Retry(longest)) => queue.retry_within(key, longest),
            Err(error) => {
                report::<R>(&key, &error);
                queue.retry_within(key, reconciler.longest_pause());
            }
        }
    }
}

type Attempt<R> = (
    <R as Reconciler>::Key,
    <R as Reconciler>::Plan,
    Result<Next, <R as Reconciler>::Error>,
);

async fn attempt_all<R: Reconciler>(reconciler: &R, mut plans: Vec<(R::Key, R::Plan)>) -> Vec<Attempt<R>> {
    let mut results: Vec<_> = plans.iter().map(|_| None).collect();
    let attempts = plans.iter_mut().zip(&mut results).map(|((key, plan), result)| {
        async move { *result = Some(reconciler.apply(key, plan).await) }.boxed()
    });
    side_by_side(attempts.collect(), R::CONCURRENT).await;
    let ended = plans.into_iter().zip(results);
    ended
        .filter_map(|((key, plan), result)| Some((key, plan, result?)))
        .collect()
}

/// Runs some attempts at a time. They are boxed and answer nothing, so that this is compiled once and not for
/// each controller.
async fn side_by_side(attempts: Vec<BoxFuture<'_, ()>>, concurrent: usize) {
    futures::stream::iter(attempts)
        .for_each_concurrent(concurrent, |attempt| attempt)
        .await;
}

fn report<R: Reconciler>(key: &R::Key, error: &R::Error) {
    if error.is_stale() {
        debug!(object = %key, %error, "{}, because it has changed meanwhile; trying again", R::FAILED);
    } else {
        warn!(object = %key, %error, "{}; trying again", R::FAILED);
    }
}

#[cfg(test)]
mod tests;
