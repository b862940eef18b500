//! Cuts connections that are no longer allowed, beside the commits of rules: there may be many connections,
//! and no commit waits for them.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use kinglet_kube::Backoff;
use kinglet_nft::{Change, Conntrack, Entry, Error, Filter};
use kinglet_policy::Effect;
use kinglet_telemetry::{Blocking, WorkerPanicked};
use tokio::sync::Mutex;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::enforcer::Enforcer;
use crate::flows::{self, Judged};
use crate::metrics::Metrics;
use crate::packets;

/// Between two looks at the tracked connections.
const LOOK: Duration = Duration::from_millis(250);
/// Connections that are judged at once, while commits wait.
const SOME: usize = 4096;

/// Which tracked connections are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    /// Those that are revoked.
    Revoked,
    /// All of isolated pods, and those that are revoked.
    All,
}

/// Cuts connections.
pub(crate) struct Cutter {
    pub(crate) enforcer: Arc<Mutex<Blocking<Enforcer>>>,
    pub(crate) tracked: Blocking<Conntrack>,
    pub(crate) metrics: Metrics,
    /// What commits did.
    pub(crate) effects: UnboundedReceiver<Effect>,
    /// Whether any connection is revoked.
    pub(crate) any_revoked: bool,
}

impl Cutter {
    /// Follows the commits, until nobody makes any.
    pub(crate) async fn run(mut self) -> Result<(), WorkerPanicked> {
        let (mut due, mut backoff) = (None, Backoff::new());
        loop {
            let first = if due.is_none() {
                self.effects.recv().await
            } else {
                Some(Effect::default())
            };
            let Some(mut effect) = first else { return Ok(()) };
            while let Ok(more) = self.effects.try_recv() {
                effect |= more;
            }
            let scope = due.max(self.scope(effect));
            due = None;
            if let Some(scope) = scope {
                match self.look(scope).await? {
                    Ok(()) => backoff.reset(),
                    Err(error) => {
                        let pause = backoff.pause();
                        tracing::warn!(
                            "connections that are no longer allowed are not all cut: {error}; next attempt in {pause:?}"
                        );
                        due = Some(scope);
                        tokio::time::sleep(pause).await;
                    }
                }
            }
            if effect.restricts {
                // The kernel's list is made while connections come and go, so that one may be missing in it.
                due = Some(Scope::All);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn scope(&self, effect: Effect) -> Option<Scope> {
        let relaxes = effect.relaxes && self.any_revoked;
        let all = effect.restricts.then_some(Scope::All);
        all.or(relaxes.then_some(Scope::Revoked))
    }

    /// Looks at connections.
    async fn look(&mut self, scope: Scope) -> Result<Result<(), Error>, WorkerPanicked> {
        let judged = self.judge(scope).await?;
        Ok(judged.map(|judged| {
            self.metrics.judged(&judged);
            self.any_revoked = judged.marked > 0;
            if judged.revoked + judged.restored > 0 {
                tracing::debug!(
                    "{} connections revoked, {} restored",
                    judged.revoked,
                    judged.restored
                );
            }
        }))
    }

    async fn judge(&mut self, scope: Scope) -> Result<Result<Judged, Error>, WorkerPanicked> {
        let (bit, isolated) = self
            .enforcer
            .lock()
            .await
            .run(|enforcer| enforcer.isolated())
            .await?;
        let entries = match self
            .tracked
            .run(move |tracked| list(tracked, scope, bit, &isolated))
            .await?
        {
            Ok(entries) => entries,
            Err(error) => return Ok(Err(error)),
        };
        let (mut changes, mut judged) = (Vec::new(), Judged::default());
        for some in entries.chunks(SOME) {
            let some = some.to_vec();
            let (more, of_some) = self
                .enforcer
                .lock()
                .await
                .run(move |enforcer| enforcer.judge(&some))
                .await?;
            changes.extend(more);
            judged += of_some;
        }
        let marked = self.tracked.run(move |tracked| mark(tracked, &changes)).await?;
        Ok(marked.map(|()| judged))
    }
}

/// The connections that may be changed, with those that packets began which were on their way when rules
/// changed.
fn list(
    tracked: &mut Conntrack,
    scope: Scope,
    bit: u32,
    isolated: &HashSet<IpAddr>,
) -> Result<Vec<Entry>, Error> {
    if scope == Scope::Revoked {
        return tracked.entries(&Filter::all().mark(bit, bit));
    }
    packets::pass();
    tracked.entries_if(&Filter::all(), |entry| {
        entry.mark & bit != 0 || flows::ends(entry).iter().any(|end| isolated.contains(end))
    })
}

/// Those that are gone meanwhile need nothing.
fn mark(tracked: &mut Conntrack, changes: &[Change]) -> Result<(), Error> {
    tracked.apply(changes).map(drop)
}
