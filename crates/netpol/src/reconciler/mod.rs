//! Brings the kernel to what the API says: changes of objects in, commits out.

mod commit;
mod comparisons;
mod port_names;

use std::time::Duration;

use kinglet_kube::Inputs;
use kinglet_nft::Error;
use kinglet_telemetry::Pending;
use tokio::time::{Interval, MissedTickBehavior, interval};

pub(crate) use commit::Committer;
pub(crate) use comparisons::Comparisons;

use crate::admission::{AdmissionRequest, AdmissionRequests, next_requests};
use crate::bridge::Bridges;
use crate::enforcement::Obstacle;
use crate::error::AgentError;
use crate::input::Input;
use crate::metrics::Metrics;
use crate::monitor::{TableMonitor, changed_by_others};
use crate::sources::Sources;
use port_names::PortNames;

/// How long changes are collected after a commit: a burst of changes makes few commits.
const COLLECT: Duration = Duration::from_millis(10);
/// How often the switches of bridges are checked: other programs, such as sysctl at boot, set them back.
const CHECK_BRIDGES: Duration = Duration::from_secs(60);

/// Brings the kernel to what the API says.
pub(crate) struct Reconciler {
    pub(crate) inputs: Inputs<Input>,
    /// Changes that are not all in the kernel yet, because one commit did not do all that was to do.
    pub(crate) unfinished: Vec<Pending>,
    pub(crate) sources: Sources,
    /// Longest silence of a source after which comparisons count.
    pub(crate) max_watch_age: Option<Duration>,
    pub(crate) admission: Option<AdmissionRequests>,
    pub(crate) monitor: Option<TableMonitor>,
    pub(crate) comparisons: Comparisons,
    pub(crate) committer: Committer,
    pub(crate) metrics: Metrics,
}

/// What the reconciler waits for besides.
struct Timers {
    port_names: PortNames,
    bridges: Interval,
}

/// What happened.
enum Event {
    /// Pods are about to start.
    Admission(Vec<AdmissionRequest>),
    /// Objects changed.
    Inputs(Vec<Input>),
    /// Another program changed the table, or may have.
    ForeignChange(Result<(), Error>),
    SweepDue,
    /// The last commit did not do all that was to do, and nothing else is.
    CommitDue,
    PortNamesDue,
    ComparisonDue,
    BridgeCheckDue,
}

impl Reconciler {
    /// Reconciles until the enforcer is lost. Until all objects that were there at the start are known, the
    /// rules of an earlier run stay.
    pub(crate) async fn run(mut self) -> Result<(), AgentError> {
        self.check_bridges().await;
        // What has been given and is not in the kernel waits, too.
        let starting = self.metrics.lag().begin();
        while !self.inputs.is_synced() {
            let inputs = self.inputs.next().await;
            self.committer.apply(inputs).await?;
        }
        self.committer.replace().await?;
        drop(starting);
        // Only now: without kube-router's rules there would have been a moment without any.
        self.remove_leftovers().await?;
        let mut timers = Timers::new();
        loop {
            let event = self.next_event(&mut timers).await;
            self.handle(event, &mut timers).await?;
        }
    }

    async fn next_event(&mut self, timers: &mut Timers) -> Event {
        let is_behind = self.committer.is_behind;
        // All of these are cancel-safe: what is not chosen is not lost.
        let other = async {
            tokio::select! {
                inputs = self.inputs.next() => Event::Inputs(inputs),
                changed = changed_by_others(&mut self.monitor) => Event::ForeignChange(changed),
                () = self.committer.sweep_due() => Event::SweepDue,
                () = timers.port_names.due() => Event::PortNamesDue,
                () = self.comparisons.due() => Event::ComparisonDue,
                _ = timers.bridges.tick() => Event::BridgeCheckDue,
            }
        };
        tokio::select! {
            // A container runtime waits for these.
            biased;
            requests = next_requests(&mut self.admission) => Event::Admission(requests),
            event = other => event,
            // Changes that came meanwhile are part of the next commit, and pods that they are about get their
            // turn.
            () = std::future::ready(()), if is_behind => Event::CommitDue,
        }
    }

    async fn handle(&mut self, event: Event, timers: &mut Timers) -> Result<(), AgentError> {
        match event {
            Event::Admission(requests) => {
                timers.port_names.restart();
                self.admit(requests).await?;
            }
            Event::Inputs(inputs) => {
                timers.port_names.restart();
                self.committer.change(inputs).await?;
                if !self.committer.is_behind {
                    tokio::time::sleep(COLLECT).await;
                }
            }
            Event::ForeignChange(changed) => self.undo_foreign_change(changed).await?,
            Event::SweepDue => self.committer.sweep().await?,
            Event::CommitDue => self.committer.go_on().await?,
            Event::PortNamesDue => timers.port_names.report(&self.committer).await?,
            Event::ComparisonDue => self.compare().await?,
            Event::BridgeCheckDue => self.check_bridges().await,
        }
        if self.committer.is_behind {
            self.unfinished.extend(self.inputs.pending());
        } else {
            self.unfinished.clear();
        }
        Ok(())
    }

    /// Brings the kernel up to date for pods that are about to start, and lets them.
    async fn admit(&mut self, requests: Vec<AdmissionRequest>) -> Result<(), AgentError> {
        let requests = requests
            .into_iter()
            .map(|request| (Input::Starting(request.pod), request.admitted));
        let (starting, admitted): (Vec<_>, Vec<_>) = requests.unzip();
        self.committer.change(starting).await?;
        for admitted in admitted {
            // The plugin may have given up.
            let _ = admitted.send(());
        }
        Ok(())
    }

    async fn remove_leftovers(&self) -> Result<(), AgentError> {
        match self.committer.enforcer.remove_leftovers().await {
            Ok(removed) if removed.is_empty() => {}
            Ok(removed) => tracing::info!(
                "network policy: removed what kube-router left in {}",
                removed.join(", ")
            ),
            Err(AgentError::Kernel(error)) => {
                tracing::warn!("network policy: cannot remove what kube-router left: {error}");
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Compares the kernel's rules with what they should be, and lets all connections be judged again.
    async fn compare(&mut self) -> Result<(), AgentError> {
        let found = match self.committer.enforcer.compare().await {
            Ok(found) => found,
            Err(AgentError::Kernel(error)) => {
                tracing::warn!("network policy: cannot compare the kernel's rules: {error}");
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let news = self.comparisons.news(&found);
        self.count_comparison(news.is_none());
        let Some(different) = news else {
            self.committer.judge_all_connections();
            return Ok(());
        };
        self.repair(&format!(
            "the kernel's rules differ from what was written: {different}"
        ))
        .await?;
        // What still differs is how this kernel lists the rules; it must not be repaired for ever.
        match self.committer.enforcer.compare().await {
            Ok(found) => self.comparisons.settle(found),
            Err(AgentError::Kernel(_)) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// While nothing is heard from the API, rules that are as they were written say nothing about the
    /// policies of now.
    fn count_comparison(&self, same: bool) {
        let is_silent = |longest| self.sources.are_silent(longest);
        if self.max_watch_age.is_some_and(is_silent) {
            self.metrics.count_stale_comparison(same);
        } else {
            self.metrics.count_comparison(same);
        }
    }

    async fn undo_foreign_change(&mut self, changed: Result<(), Error>) -> Result<(), AgentError> {
        if let Err(error) = changed {
            tracing::warn!("network policy: cannot read what other programs changed: {error}");
            // The error may stay; without a pause this would be a busy loop.
            tokio::time::sleep(COLLECT).await;
        }
        self.repair("another program changed the rules").await
    }

    async fn repair(&mut self, why: &str) -> Result<(), AgentError> {
        tracing::warn!("network policy: {why}; all rules are replaced");
        self.metrics.count_repair();
        self.committer.replace().await
    }

    /// Makes bridges show their packets to nftables.
    async fn check_bridges(&mut self) {
        // Files of /proc and modprobe block.
        let checked = tokio::task::spawn_blocking(|| Bridges::default().enable_netfilter()).await;
        let checked = checked.unwrap_or(Ok(()));
        self.metrics.set_bridge_netfilter(checked.is_ok());
        match checked {
            Ok(()) => self.committer.enforcement.cleared(Obstacle::BridgesBypass),
            Err(error) => {
                self.committer.events.bridges_bypass(&error);
                self.committer.enforcement.blocked_by(Obstacle::BridgesBypass);
            }
        }
    }
}

impl Timers {
    fn new() -> Self {
        let mut bridges = interval(CHECK_BRIDGES);
        // After a pause of the machine one check is enough.
        bridges.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            port_names: PortNames::new(),
            bridges,
        }
    }
}
