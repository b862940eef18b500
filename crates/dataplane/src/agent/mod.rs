//! The shell: follows the API, and keeps the kernel's table up to date.
//!
//! ```no_run
//! # async fn example(
//! #     services: kinglet_kube::Reflector<kinglet_model::Service>,
//! #     slices: kinglet_kube::Reflector<kinglet_model::EndpointSlice>,
//! #     nodes: kinglet_kube::Reflector<kinglet_model::Node>,
//! # ) -> Result<(), Box<dyn std::error::Error>> {
//! use kinglet_dataplane::{Settings, agent};
//! use tokio_util::sync::CancellationToken;
//!
//! // In a thread that is in the node's network namespace:
//! let kernel = agent::Kernel::open()?;
//! let settings = Settings {
//!     node: "node-1".into(),
//!     cluster_cidrs: vec!["10.42.0.0/16".parse()?],
//!     ..Settings::default()
//! };
//! let metrics = agent::Metrics::default();
//! let sources = agent::Sources {
//!     services,
//!     slices,
//!     nodes,
//!     shares: None,
//!     served: None,
//!     health: None,
//!     metrics,
//! };
//! let stop = CancellationToken::new();
//! agent::run(kernel, settings, &sources, || tracing::info!("Services are served"), stop).await?;
//! # Ok(())
//! # }
//! ```

mod follow;
mod forgetter;
mod health;
mod kernel;
mod metrics;

use std::sync::Arc;
use std::time::{Duration, Instant};

use kinglet_kube::{Backoff, Reflector};
use kinglet_model::{EndpointSlice, Node, Service};
use kinglet_nft::{Batch, Error};
use kinglet_telemetry::{Blocking, WorkerPanicked};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::flows::Stale;
use crate::health::HealthChecks;
use crate::services::Services;
use crate::settings::{Settings, Shares};
use follow::Changes;
use forgetter::Forgetter;
pub use health::serve_health;
pub use kernel::Kernel;
use kernel::Rules;
pub use metrics::Metrics;

/// How long changes are collected after a commit, so that a burst makes few.
const COLLECT: Duration = Duration::from_millis(10);

/// Where objects come from, and who is told of them.
#[derive(Clone)]
pub struct Sources {
    /// All Services.
    pub services: Reflector<Service>,
    /// All EndpointSlices.
    pub slices: Reflector<EndpointSlice>,
    /// All Nodes, or at least the own one.
    pub nodes: Reflector<Node>,
    /// The node's part of load balancers, where it has one; nothing as long as it is not known.
    pub shares: Option<watch::Receiver<Option<Arc<Shares>>>>,
    /// Hears for which part of load balancers the kernel has rules, if anybody does.
    pub served: Option<watch::Sender<Option<Arc<Shares>>>>,
    /// Who answers health checks, if anybody does: [`serve_health`].
    pub health: Option<watch::Sender<Arc<HealthChecks>>>,
    /// What is counted.
    pub metrics: Metrics,
}

/// Serves the Services until `stop` is cancelled or the sources end, and leaves the rules in place;
/// [`Kernel::remove`] removes them. Calls `synced` once, when the kernel has the rules of all objects that
/// were there at the start; until then the rules of an earlier run stay.
///
/// # Errors
/// The kernel cannot tell what tables it can own. Later errors of the kernel are logged, and answered by new
/// attempts.
pub async fn run(
    kernel: Kernel,
    settings: Settings,
    sources: &Sources,
    synced: impl FnOnce() + Send,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let Kernel { mut rules, tracked } = kernel;
    let services = Services::new(settings, rules.ownership()?);
    let (stale, told) = mpsc::unbounded_channel();
    let forgetter = Forgetter {
        tracked: Blocking::new(tracked),
        stale: told,
    };
    let agent = Agent {
        rules: Blocking::new(rules),
        services,
        stale,
        served: sources.served.clone(),
        health: sources.health.clone(),
        metrics: sources.metrics.clone(),
    };
    // The forgetter ends after the agent, which tells it what to do.
    let both = async { tokio::try_join!(agent.serve(Changes::of(sources), synced), forgetter.run()) };
    match stop.run_until_cancelled(both).await {
        Some(ended) => Ok(ended.map(drop)?),
        None => Ok(()),
    }
}

/// Why the agent cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The kernel has no nftables, or does not tell.
    #[error(transparent)]
    Kernel(#[from] Error),
    /// A defect.
    #[error(transparent)]
    Panicked(#[from] WorkerPanicked),
}

/// The core and the kernel that it is for.
struct Agent {
    rules: Blocking<Rules>,
    services: Services,
    /// Hears what commits made stale.
    stale: mpsc::UnboundedSender<Stale>,
    served: Option<watch::Sender<Option<Arc<Shares>>>>,
    health: Option<watch::Sender<Arc<HealthChecks>>>,
    metrics: Metrics,
}

impl Agent {
    async fn serve(mut self, mut changes: Changes, synced: impl FnOnce()) -> Result<(), WorkerPanicked> {
        while !changes.synced() {
            if !changes.next(&mut self.services).await {
                return Ok(());
            }
        }
        self.take_over().await?;
        self.tell_health();
        self.tell_served(&changes);
        synced();
        while changes.next(&mut self.services).await {
            self.change().await?;
            self.tell_health();
            self.tell_served(&changes);
            tokio::time::sleep(COLLECT).await;
        }
        Ok(())
    }

    /// Brings the kernel up to date by the difference; if that fails, what the kernel has is not what was
    /// thought.
    async fn change(&mut self) -> Result<(), WorkerPanicked> {
        match self.commit().await? {
            Ok(()) => Ok(()),
            Err(error) => {
                tracing::warn!("Services: {error}; all rules are compared with the kernel's");
                self.take_over().await
            }
        }
    }

    /// Brings the kernel up to date from what its table holds, with growing pauses until it succeeds.
    async fn take_over(&mut self) -> Result<(), WorkerPanicked> {
        let mut backoff = Backoff::new();
        while let Err(error) = self.adopt_or_replace().await? {
            let pause = backoff.pause();
            tracing::error!("Services: {error}; next attempt in {pause:?}");
            tokio::time::sleep(pause).await;
        }
        Ok(())
    }

    /// Starts from the table as it is, so that no packet misses anything; if that cannot be, replaces it.
    async fn adopt_or_replace(&mut self) -> Result<Result<(), Error>, WorkerPanicked> {
        let settings = self.services.settings().clone();
        let present = self.rules.run(move |rules| rules.present(&settings)).await?;
        let present = match present {
            Ok(present) => present,
            Err(error) => return Ok(Err(error)),
        };
        if let Some(present) = present {
            self.services.adopt(&present);
            match self.commit().await? {
                Ok(()) => return Ok(Ok(())),
                Err(error) => tracing::warn!("Services: {error}; all rules are replaced"),
            }
        }
        self.apply(|services| vec![services.replacement()]).await
    }

    async fn commit(&mut self) -> Result<Result<(), Error>, WorkerPanicked> {
        self.apply(Services::batches).await
    }

    /// Computes batches and commits them, one after another.
    async fn apply(
        &mut self,
        batches: impl FnOnce(&mut Services) -> Vec<Batch>,
    ) -> Result<Result<(), Error>, WorkerPanicked> {
        let began = Instant::now();
        let batches = batches(&mut self.services);
        self.warn();
        let stale = self.services.take_stale();
        if batches.is_empty() && stale.is_empty() {
            return Ok(Ok(()));
        }
        let clients = stale.clone();
        let work = move |rules: &mut Rules| {
            batches.iter().try_for_each(|batch| rules.commit(batch))?;
            if let Err(error) = rules.forget(&clients) {
                // The rules stand.
                tracing::warn!("clients keep endpoints that are gone: {error}");
            }
            Ok(())
        };
        let applied = self.rules.run(work).await?;
        if applied.is_ok() {
            self.metrics.count_sync(began.elapsed(), self.services.len());
            if !stale.is_empty() {
                // The forgetter is gone only when the agent is about to go.
                let _ = self.stale.send(stale);
            }
        } else {
            self.metrics.count_failure();
            self.services.keep_stale(stale);
        }
        Ok(applied)
    }

    /// Tells for which part of load balancers the kernel has rules now.
    fn tell_served(&self, changes: &Changes) {
        if let Some(served) = &self.served {
            served.send_if_modified(|before| {
                let now = changes.shares();
                let same = before
                    .as_ref()
                    .zip(now)
                    .is_some_and(|(one, other)| Arc::ptr_eq(one, other));
                *before = now.cloned();
                !same
            });
        }
    }

    fn tell_health(&self) {
        if let Some(health) = &self.health {
            let now = self.services.health_checks();
            health.send_if_modified(|before| {
                let changed = **before != now;
                if changed {
                    *before = Arc::new(now);
                }
                changed
            });
        }
    }

    fn warn(&mut self) {
        for problem in self.services.take_problems() {
            self.metrics.count_problem();
            tracing::warn!("{problem}");
        }
    }
}
