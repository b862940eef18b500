//! Revokes tracked connections that are no longer allowed, beside the commits of rules: there may be many
//! connections, and no commit waits for them.

use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Duration;

use kinglet_kube::Backoff;
use kinglet_nft::{Conntrack, Entry, Error, Filter};
use kinglet_policy::Effect;
use kinglet_telemetry::Blocking;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::actor::QueryHandle;
use crate::enforcer::{Judged, ends};
use crate::error::AgentError;
use crate::in_flight;
use crate::metrics::Metrics;

/// Between two lists of the tracked connections: the kernel goes through all of them for each.
const PAUSE: Duration = Duration::from_millis(250);
/// Connections that are judged at once, while commits wait. Each may have to pass the rules of many policies.
const CHUNK: usize = 512;

/// Which tracked connections are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    /// Those that are revoked.
    Revoked,
    /// All of isolated pods, and those that are revoked.
    All,
}

/// Revokes connections, and restores them.
pub(crate) struct ConnectionRevoker {
    enforcer: QueryHandle,
    conntrack: Blocking<Conntrack>,
    metrics: Metrics,
    /// What commits did to permissions.
    effects: UnboundedReceiver<Effect>,
    /// Whether any connection is revoked.
    any_revoked: bool,
}

impl ConnectionRevoker {
    /// Follows the commits.
    pub(crate) fn new(
        enforcer: QueryHandle,
        conntrack: Conntrack,
        metrics: Metrics,
        effects: UnboundedReceiver<Effect>,
    ) -> Self {
        Self {
            enforcer,
            conntrack: Blocking::new(conntrack),
            metrics,
            effects,
            any_revoked: false,
        }
    }

    /// Revokes and restores until nobody commits any more.
    pub(crate) async fn run(mut self) -> Result<(), AgentError> {
        let (mut due, mut backoff) = (None, Backoff::new());
        loop {
            let first = if due.is_none() {
                self.effects.recv().await
            } else {
                Some(Effect::default())
            };
            let Some(mut effect) = first else { return Ok(()) };
            // Commits that came during the last list share the next one.
            while let Ok(more) = self.effects.try_recv() {
                effect |= more;
            }
            let changed = self.scope(effect);
            let scope = due.max(changed);
            due = None;
            if let Some(scope) = scope {
                match self.update(scope).await {
                    Ok(()) => backoff.reset(),
                    Err(AgentError::Kernel(error)) => {
                        let pause = backoff.pause();
                        tracing::warn!(
                            "network policy: not all forbidden connections are revoked: {error}; next attempt in {pause:?}"
                        );
                        due = Some(scope);
                        tokio::time::sleep(pause).await;
                    }
                    Err(error) => return Err(error),
                }
            }
            // The kernel lists its hash table bucket by bucket while connections come and go, and moves
            // entries when it resizes: one list may miss some. The next one has them.
            due = due.max(changed);
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn scope(&self, effect: Effect) -> Option<Scope> {
        // Without a revoked connection there is nothing to restore, and no list to make.
        let relaxes = effect.relaxes && self.any_revoked;
        let all = effect.restricts.then_some(Scope::All);
        all.or(relaxes.then_some(Scope::Revoked))
    }

    /// Makes the marks of connections fit the policies.
    async fn update(&mut self, scope: Scope) -> Result<(), AgentError> {
        let judged = self.judge(scope).await?;
        self.metrics.count_judged(&judged);
        self.any_revoked = judged.marked > 0;
        if judged.revoked + judged.restored > 0 {
            tracing::debug!(
                "{} connections revoked, {} restored",
                judged.revoked,
                judged.restored
            );
        }
        Ok(())
    }

    async fn judge(&mut self, scope: Scope) -> Result<Judged, AgentError> {
        let (bit, isolated) = self.enforcer.isolated().await?;
        let list = move |conntrack: &mut Conntrack| list(conntrack, scope, bit, &isolated);
        let entries = self.conntrack.run(list).await??;
        let (mut changes, mut judged) = (Vec::new(), Judged::default());
        // One request for all of them would keep a commit waiting for as long as 100,000 connections take.
        for chunk in entries.chunks(CHUNK) {
            let (more, of_chunk) = self.enforcer.judge(chunk.to_vec()).await?;
            changes.extend(more);
            judged += of_chunk;
        }
        // Entries that have ended meanwhile need nothing.
        let mark = move |conntrack: &mut Conntrack| conntrack.apply(&changes);
        self.conntrack.run(mark).await??;
        Ok(judged)
    }
}

/// The connections that may be changed.
fn list(
    conntrack: &mut Conntrack,
    scope: Scope,
    bit: u32,
    isolated: &HashSet<IpAddr>,
) -> Result<Vec<Entry>, Error> {
    if scope == Scope::Revoked {
        // The kernel filters by mark itself.
        return conntrack.entries(&Filter::all().mark(bit, bit));
    }
    // A packet that the old rules let pass just now may not have its entry in the table yet.
    in_flight::drain();
    conntrack.entries_if(&Filter::all(), |entry| {
        // Without an isolated pod at either end no policy is about a connection.
        entry.mark & bit != 0 || ends(entry).iter().any(|end| isolated.contains(end))
    })
}
