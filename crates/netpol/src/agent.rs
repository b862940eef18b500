//! Follows the API, and keeps the kernel up to date.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use kinglet_kube::Backoff;
use kinglet_model::ObjectName;
use kinglet_nft::{Error, Ownership};
use kinglet_policy::{Effect, Problem, Settings};
use kinglet_telemetry::{Blocking, WorkerPanicked};
use tokio::sync::{Mutex, mpsc};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::bridge::Bridges;
use crate::compare::Comparisons;
use crate::cutter::Cutter;
use crate::denied::Teller;
use crate::door::{Ask, Asks, asked};
use crate::enforcer::{Change, Committed, Enforcer};
use crate::follow::Changes;
use crate::kernel::Kernel;
use crate::metrics::Metrics;
use crate::outside::{Failure, Outside, Sources};
use crate::report::Reporter;
use crate::watch::{Watch, foreign};

/// How long changes are collected after a commit, so that a burst makes few.
const COLLECT: Duration = Duration::from_millis(10);
/// Between two sweeps, and between an element and the chain that it led to: kernels before 6.2 cannot delete
/// both at once.
const SWEEP: Duration = Duration::from_secs(1);
/// Between changes and a look at the names of ports: what is applied together has arrived by then.
const NAMES: Duration = Duration::from_secs(5);
/// How often it is looked after what enforcement depends on.
const LOOK_AFTER: Duration = Duration::from_secs(60);

/// Enforces policies until `stop` is cancelled or the sources end, and leaves the rules in place;
/// [`Kernel::remove`] removes them. Until all objects that were there at the start are known, the rules of an
/// earlier run stay. Every `period`, if there is one, the kernel's rules and tracked connections are compared
/// with what they should be.
///
/// # Errors
/// The kernel cannot tell what tables it can own, or of changes. Later errors of the kernel are logged, and
/// answered by new attempts.
pub async fn run(
    kernel: Kernel,
    settings: Settings,
    sources: Sources,
    outside: Outside,
    period: Option<Duration>,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let node = settings.node.clone();
    let Kernel {
        mut tables,
        tracked,
        monitor,
    } = kernel;
    let ownership = tables.ownership()?;
    // Nobody else can change a table that has an owner.
    let watch = (ownership == Ownership::Shared).then(|| Watch::new(monitor, tables.port()));
    let watch = watch.transpose()?;
    let changes = Changes::of(&sources);
    let enforcer = Blocking::new(Enforcer::new(tables, settings, ownership, outside.started));
    let enforcer = Arc::new(Mutex::new(enforcer));
    let (effects, told) = mpsc::unbounded_channel();
    let cutter = Cutter {
        enforcer: enforcer.clone(),
        tracked: Blocking::new(tracked),
        metrics: outside.metrics.clone(),
        effects: told,
        any_revoked: false,
    };
    let teller = Teller {
        enforcer: enforcer.clone(),
        metrics: outside.metrics.clone(),
        before: HashMap::new(),
    };
    let told_of_denied = teller.run(outside.denied);
    let agent = Agent {
        enforcer,
        effects,
        sweep: None,
        names: Some(Instant::now() + NAMES),
        unresolved: BTreeSet::new(),
        reporter: Reporter {
            recorder: outside.recorder,
            node: ObjectName::cluster(node),
            sources,
        },
        metrics: outside.metrics,
        enforcing: outside.enforcing,
        rules: false,
        seen: true,
        comparisons: Comparisons::every(period),
    };
    // The cutter ends after the agent, which tells it what to do.
    let asks = outside.asks;
    let both = async { tokio::try_join!(agent.serve(changes, watch, asks), cutter.run()).map(drop) };
    let all = async {
        tokio::select! {
            ended = both => ended,
            lost = told_of_denied => lost,
        }
    };
    match stop.run_until_cancelled(all).await {
        Some(ended) => Ok(ended?),
        None => Ok(()),
    }
}

struct Agent {
    enforcer: Arc<Mutex<Blocking<Enforcer>>>,
    /// Tells the cutter what commits did.
    effects: mpsc::UnboundedSender<Effect>,
    /// When chains are removed that nothing leads to.
    sweep: Option<Instant>,
    /// When names of ports are looked at.
    names: Option<Instant>,
    /// The names that no pod had then.
    unresolved: BTreeSet<Problem>,
    reporter: Reporter,
    metrics: Metrics,
    enforcing: Box<dyn Fn(bool) + Send + Sync>,
    /// Whether the kernel has the rules.
    rules: bool,
    /// Whether all packets come past them.
    seen: bool,
    /// When the kernel's rules are compared with what they should be.
    comparisons: Comparisons,
}

impl Agent {
    async fn serve(
        mut self,
        mut changes: Changes,
        mut watch: Option<Watch>,
        mut asks: Option<Asks>,
    ) -> Result<(), WorkerPanicked> {
        self.look_after().await;
        while !changes.synced() {
            let Some(list) = changes.next().await else {
                return Ok(());
            };
            self.run(|enforcer| enforcer.take(list)).await?;
        }
        self.replace(&changes).await?;
        self.clean().await?;
        let mut minutes = interval(LOOK_AFTER);
        minutes.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                asked = asked(&mut asks) => self.start(asked, &changes).await?,
                list = changes.next() => {
                    let Some(list) = list else { return Ok(()) };
                    self.change(list, &changes).await?;
                    tokio::time::sleep(COLLECT).await;
                }
                () = at(self.sweep) => self.sweep(&changes).await?,
                () = at(self.names) => self.look_at_names(&changes).await?,
                foreign = foreign(&mut watch) => self.told(foreign, &changes).await?,
                () = self.comparisons.next() => self.compare(&changes).await?,
                _ = minutes.tick() => self.look_after().await,
            }
        }
    }

    /// Removes what kube-router left.
    async fn clean(&mut self) -> Result<(), WorkerPanicked> {
        match self.run(Enforcer::remove_leftovers).await? {
            Ok(removed) if removed.is_empty() => {}
            Ok(removed) => tracing::info!(
                "network policy: removed what kube-router left in {}",
                removed.join(", ")
            ),
            Err(error) => tracing::warn!("network policy: what kube-router left cannot be removed: {error}"),
        }
        Ok(())
    }

    /// Brings the kernel up to date for pods that are about to start, and tells them.
    async fn start(&mut self, asked: Vec<Ask>, changes: &Changes) -> Result<(), WorkerPanicked> {
        let asked = asked
            .into_iter()
            .map(|ask| (Change::Starting(ask.pod), ask.answer));
        let (starting, answers): (Vec<_>, Vec<_>) = asked.unzip();
        self.change(starting, changes).await?;
        for answer in answers {
            // Who asked may have gone.
            let _ = answer.send(());
        }
        Ok(())
    }

    /// Brings the kernel up to date by the difference.
    async fn change(&mut self, list: Vec<Change>, changes: &Changes) -> Result<(), WorkerPanicked> {
        self.names.get_or_insert(Instant::now() + NAMES);
        let change = move |enforcer: &mut Enforcer| {
            enforcer.take(list);
            enforcer.change()
        };
        self.commit(change, changes).await
    }

    async fn sweep(&mut self, changes: &Changes) -> Result<(), WorkerPanicked> {
        self.sweep = None;
        self.commit(Enforcer::sweep, changes).await
    }

    /// Tells of names of ports that no pod has any more, or yet. All nodes know the same; one of them looks.
    async fn look_at_names(&mut self, changes: &Changes) -> Result<(), WorkerPanicked> {
        self.names = None;
        if !changes.is_speaker(&self.reporter.node.name) {
            return Ok(());
        }
        let unresolved = self.run(|enforcer| enforcer.unresolved()).await?;
        for problem in unresolved.difference(&self.unresolved) {
            self.reporter.problem(problem, true);
        }
        self.unresolved = unresolved;
        Ok(())
    }

    /// Runs something that may block.
    async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Enforcer) -> R + Send + 'static,
    ) -> Result<R, WorkerPanicked> {
        self.enforcer.lock().await.run(work).await
    }

    /// Commits something; if that fails, what the kernel has is not what was thought, and is replaced.
    async fn commit(
        &mut self,
        work: impl FnOnce(&mut Enforcer) -> Result<Committed, Error> + Send + 'static,
        changes: &Changes,
    ) -> Result<(), WorkerPanicked> {
        match self.attempt(work, changes).await? {
            Ok(()) => Ok(()),
            Err(error) => {
                tracing::warn!("network policy: {error}; all rules are replaced");
                self.replace(changes).await
            }
        }
    }

    /// Replaces all rules, with growing pauses until it succeeds.
    async fn replace(&mut self, changes: &Changes) -> Result<(), WorkerPanicked> {
        let mut backoff = Backoff::new();
        while let Err(error) = self.attempt(Enforcer::replace, changes).await? {
            let pause = backoff.pause();
            tracing::error!("network policy: {error}; next attempt in {pause:?}");
            self.reporter.refused(&error);
            self.tell(false);
            tokio::time::sleep(pause).await;
        }
        self.tell(true);
        Ok(())
    }

    async fn attempt(
        &mut self,
        work: impl FnOnce(&mut Enforcer) -> Result<Committed, Error> + Send + 'static,
        changes: &Changes,
    ) -> Result<Result<(), Error>, WorkerPanicked> {
        let began = Instant::now();
        let work = |enforcer: &mut Enforcer| (work(enforcer), enforcer.take_problems());
        let (result, problems) = self.run(work).await?;
        let is_speaker = changes.is_speaker(&self.reporter.node.name);
        for problem in problems {
            self.reporter.problem(&problem, is_speaker);
        }
        Ok(match result {
            Ok(committed) => {
                self.metrics.committed(&committed, began.elapsed());
                // The cutter is gone only when the agent is about to go.
                let _ = self.effects.send(committed.effect);
                if committed.has_idle {
                    self.sweep.get_or_insert(Instant::now() + SWEEP);
                }
                Ok(())
            }
            Err(error) => {
                self.metrics.failed();
                Err(error)
            }
        })
    }

    /// Compares the kernel's rules with what they should be, and lets all connections be judged again.
    async fn compare(&mut self, changes: &Changes) -> Result<(), WorkerPanicked> {
        match self.run(Enforcer::compare).await? {
            Ok(found) => {
                let news = self.comparisons.news(&found);
                self.metrics.compared(news.is_none());
                match news {
                    Some(which) => self.mend(&which, changes).await?,
                    // The cutter is gone only when the agent is about to go.
                    None => _ = self.effects.send(Effect::ALL),
                }
            }
            Err(error) => tracing::warn!("network policy: the rules cannot be compared: {error}"),
        }
        Ok(())
    }

    /// Replaces rules that differ, and looks what that does not mend.
    async fn mend(&mut self, which: &str, changes: &Changes) -> Result<(), WorkerPanicked> {
        let why = format!("the kernel's rules are not as they should be ({which})");
        self.repair(&why, changes).await?;
        if let Ok(found) = self.run(Enforcer::compare).await? {
            self.comparisons.settle(found);
        }
        Ok(())
    }

    /// Somebody else changed the table.
    async fn told(&mut self, foreign: Result<(), Error>, changes: &Changes) -> Result<(), WorkerPanicked> {
        if let Err(error) = foreign {
            tracing::warn!("network policy: cannot tell what others changed: {error}");
            tokio::time::sleep(COLLECT).await;
        }
        self.repair("somebody else changed the rules", changes).await
    }

    async fn repair(&mut self, why: &str, changes: &Changes) -> Result<(), WorkerPanicked> {
        tracing::warn!("network policy: {why}; they are replaced");
        self.metrics.repaired();
        self.replace(changes).await
    }

    /// Sees to it that bridges show their packets.
    async fn look_after(&mut self) {
        let shown = tokio::task::spawn_blocking(|| Bridges::default().show()).await;
        let shown = shown.unwrap_or(Ok(()));
        if let Err(unseen) = &shown {
            self.reporter.unseen(unseen);
        }
        self.seen = shown.is_ok();
        self.metrics.set_bridge(self.seen);
        self.tell(self.rules);
    }

    fn tell(&mut self, rules: bool) {
        self.rules = rules;
        (self.enforcing)(self.rules && self.seen);
    }
}

/// Waits until then; for ever if there is no such time.
async fn at(then: Option<Instant>) {
    match then {
        Some(then) => tokio::time::sleep_until(then).await,
        None => std::future::pending().await,
    }
}
