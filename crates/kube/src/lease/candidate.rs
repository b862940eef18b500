//! One process' attempts to get a Lease and to keep it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use kube::Client;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::{debug, info, warn};

use super::Election;
use super::record::{Lease, LeaseKind};
use crate::{Collection, RequestError, Resource};

/// A candidate, with what it knows of the Lease.
pub(super) struct Candidate {
    leases: Collection,
    election: Election,
    observed: Option<Observed>,
    attempts: u64,
    is_failing: bool,
}

/// A Lease, and since when it is seen as it is.
struct Observed {
    lease: Lease,
    since: Instant,
}

impl Candidate {
    pub(super) fn new(client: Client, election: Election) -> Self {
        Self {
            leases: Collection::new(client, Resource::of::<LeaseKind>()),
            election,
            observed: None,
            attempts: 0,
            is_failing: false,
        }
    }

    pub(super) fn election(&self) -> &Election {
        &self.election
    }

    /// `uid` of the Lease.
    pub(super) fn uid(&self) -> &str {
        self.observed.as_ref().map_or("", |seen| seen.lease.uid())
    }

    /// Waits until the Lease is ours, and answers when the request that got it was sent.
    pub(super) async fn acquire(&mut self) -> Instant {
        loop {
            let sent = Instant::now();
            let attempt = timeout(self.election.renew_deadline, self.attempt());
            // The term is counted from when the request was sent: an answer that took as long as the Lease
            // lives is worth nothing.
            if let Ok(Some(true)) = attempt.await {
                return sent;
            }
            let pause = self.pause();
            sleep(pause).await;
        }
    }

    /// Renews the Lease that was got by a request sent at `last`; returns when it is lost.
    pub(super) async fn keep(&mut self, mut last: Instant) {
        loop {
            let deadline = last + self.election.renew_deadline;
            if timeout_at(deadline, sleep(self.election.retry)).await.is_err() {
                return;
            }
            let sent = Instant::now();
            // An attempt ends with the deadline too: a request that hangs must not outlive the Lease.
            match timeout_at(deadline, self.attempt()).await {
                Ok(Some(true)) => last = sent,
                // Nobody else can have it before the deadline: there is time to try again.
                Ok(None) => {}
                Ok(Some(false)) | Err(_) => return,
            }
        }
    }

    /// Leaves the Lease to others at once.
    pub(super) async fn release(&mut self) {
        let Some(seen) = self.observed.take() else {
            return;
        };
        // Another holder's Lease must not be freed.
        if seen.lease.holder() != self.election.identity() {
            return;
        }
        let released = seen.lease.released(&now());
        let request = self.leases.replace(&self.election.lease, &released);
        let lease = &self.election.lease;
        match timeout(self.election.retry, request).await {
            Ok(Ok(())) => debug!(%lease, "lease released"),
            Ok(Err(error)) => info!(%lease, %error, "lease not released; others wait for its end"),
            Err(_) => info!(%lease, "lease not released in time; others wait for its end"),
        }
    }

    /// Whether the Lease is ours after an attempt to get or renew it; `None` if that could not be found out.
    async fn attempt(&mut self) -> Option<bool> {
        match self.try_attempt().await {
            Ok(is_ours) => {
                self.is_failing = false;
                Some(is_ours)
            }
            // Somebody else was faster: what they wrote is seen by the next attempt.
            Err(error) if error.is_conflict() => {
                self.observed = None;
                None
            }
            Err(error) => {
                self.log(&error);
                None
            }
        }
    }

    async fn try_attempt(&mut self) -> Result<bool, RequestError> {
        if !self.holds() {
            match self.leases.get(&self.election.lease).await {
                Ok(lease) => self.observe(lease),
                Err(error) if error.is_not_found() => return self.create().await,
                Err(error) => return Err(error),
            }
        }
        let Some(claimed) = self.claimed() else {
            return Ok(false);
        };
        let written = self.leases.replace_and_read(&self.election.lease, &claimed);
        let written = written.await?;
        self.observe(written);
        Ok(true)
    }

    async fn create(&mut self) -> Result<bool, RequestError> {
        let name = &self.election.lease;
        let new = Lease::new(name).claimed(
            self.election.identity(),
            self.election.duration,
            Duration::ZERO,
            &now(),
        );
        let created = self.leases.create_and_read(&name.namespace, &new).await?;
        self.observe(created);
        Ok(true)
    }

    /// Whether the Lease was ours when it was last seen; then it is renewed without asking first.
    fn holds(&self) -> bool {
        let seen = self.observed.as_ref();
        seen.is_some_and(|seen| seen.lease.holder() == self.election.identity())
    }

    fn claimed(&self) -> Option<Lease> {
        let seen = self.observed.as_ref()?;
        let (identity, duration) = (self.election.identity(), self.election.duration);
        seen.lease
            .claimed(identity, duration, seen.since.elapsed(), &now())
    }

    /// Only what holders write counts as a sign of life.
    fn observe(&mut self, lease: Lease) {
        // `spec` alone: somebody else's annotation is a new revision, but the holder may be dead.
        let known = self.observed.take().filter(|seen| seen.lease.spec == lease.spec);
        let since = known.map_or_else(Instant::now, |seen| seen.since);
        self.observed = Some(Observed { lease, since });
    }

    /// A failure is a warning once, until an attempt succeeds.
    fn log(&mut self, error: &RequestError) {
        let lease = &self.election.lease;
        if self.is_failing {
            debug!(%lease, %error, "cannot get or renew the lease");
        } else {
            warn!(%lease, %error, "cannot get or renew the lease; trying again");
        }
        self.is_failing = true;
    }

    /// The pause before the next attempt, stretched differently for every candidate and attempt.
    fn pause(&mut self) -> Duration {
        // Candidates that start together would ask together for ever; a hash spreads them without a source of
        // randomness, so that tests repeat.
        self.attempts += 1;
        let mut hasher = DefaultHasher::new();
        (self.election.identity(), self.attempts).hash(&mut hasher);
        // 1.2 is `JitterFactor` of client-go.
        let stretch = (hasher.finish() % 1000) as f64 / 1000.0 * 1.2;
        self.election.retry.mul_f64(1.0 + stretch)
    }
}

/// The present as `MicroTime`: RFC 3339 with six digits.
fn now() -> String {
    format!("{:.6}", jiff::Timestamp::now())
}
