//! Brings the kernel to what the API says: changes of objects in, commits out.

use std::time::{Duration, Instant};

use kinglet_dataplane::{Services, Stale};
use kinglet_kube::{Backoff, Inputs};
use kinglet_nft::Batch;
use kinglet_telemetry::Blocking;
use tokio::sync::mpsc::UnboundedSender;

use crate::error::AgentError;
use crate::kernel::Rules;
use crate::outputs::Outputs;
use crate::shares::ShareWatch;
use crate::sources::{Input, Sources};

/// How long changes are collected after a commit: a burst of changes makes few commits.
const COLLECT: Duration = Duration::from_millis(10);

/// Brings the kernel to what the API says.
pub(crate) struct Reconciler {
    inputs: Inputs<Input>,
    shares: ShareWatch,
    services: Services,
    rules: Blocking<Rules>,
    /// The cleaner hears what commits made stale.
    stale: UnboundedSender<Stale>,
    outputs: Outputs,
}

impl Reconciler {
    /// Follows the sources.
    pub(crate) fn new(
        rules: Rules,
        services: Services,
        sources: &Sources,
        outputs: Outputs,
        stale: UnboundedSender<Stale>,
    ) -> Self {
        Self {
            inputs: sources.inputs(outputs.metrics.lag().clone()),
            shares: ShareWatch::of(sources.shares.clone()),
            services,
            rules: Blocking::new(rules),
            stale,
            outputs,
        }
    }

    /// Reconciles until the kernel's socket is lost.
    pub(crate) async fn run(mut self, synced: impl FnOnce()) -> Result<(), AgentError> {
        // What has been given and is not in the kernel waits, too.
        let starting = self.outputs.metrics.lag().begin();
        // Rules of half of the objects would take away what an earlier run left for the other half.
        while !(self.inputs.is_synced() && self.shares.is_synced()) {
            self.take_changes().await;
        }
        self.take_over().await?;
        drop(starting);
        self.publish();
        synced();
        loop {
            self.take_changes().await;
            self.change().await?;
            self.publish();
            tokio::time::sleep(COLLECT).await;
        }
    }

    /// Waits for changes, and takes them into the core.
    async fn take_changes(&mut self) {
        tokio::select! {
            inputs = self.inputs.next() => {
                inputs.into_iter().for_each(|input| input.apply(&mut self.services));
            }
            shares = self.shares.changed() => self.services.set_shares(shares),
        }
    }

    /// Brings the kernel up to date by the difference.
    async fn change(&mut self) -> Result<(), AgentError> {
        match self.commit().await {
            Err(AgentError::Kernel(error)) => {
                // Some of the batches may have been taken: only the table itself can say where it is.
                tracing::warn!("Services: {error}; all rules are compared with the kernel's");
                self.take_over().await
            }
            committed => committed,
        }
    }

    /// Brings the kernel up to date from what its table holds, with growing pauses until it succeeds.
    async fn take_over(&mut self) -> Result<(), AgentError> {
        let mut backoff = Backoff::new();
        while let Err(error) = self.adopt_or_replace().await {
            let AgentError::Kernel(error) = error else {
                return Err(error);
            };
            let pause = backoff.pause();
            tracing::error!("Services: {error}; next attempt in {pause:?}");
            tokio::time::sleep(pause).await;
        }
        Ok(())
    }

    /// Starts from the table as it is, so that connections go on and clients keep their endpoints; if that
    /// cannot be, replaces it.
    async fn adopt_or_replace(&mut self) -> Result<(), AgentError> {
        let settings = self.services.settings().clone();
        let existing = self.rules.run(move |rules| rules.existing(&settings)).await??;
        if let Some(existing) = existing {
            self.services.adopt(&existing);
            match self.commit().await {
                Err(AgentError::Kernel(error)) => {
                    tracing::warn!("Services: {error}; all rules are replaced");
                }
                committed => return committed,
            }
        }
        self.apply(|services| vec![services.replacement()]).await
    }

    async fn commit(&mut self) -> Result<(), AgentError> {
        self.apply(Services::batches).await
    }

    /// Computes batches and commits them, one after another.
    async fn apply(&mut self, batches: impl FnOnce(&mut Services) -> Vec<Batch>) -> Result<(), AgentError> {
        let began = Instant::now();
        let batches = batches(&mut self.services);
        self.warn();
        // Deleted after the commit: until then packets would make the same entries again.
        let stale = self.services.take_stale();
        if batches.is_empty() && stale.is_empty() {
            return Ok(());
        }
        let gone = stale.clone();
        let work = move |rules: &mut Rules| {
            // Each batch needs the one before: chains come before what leads to them.
            batches.iter().try_for_each(|batch| rules.commit(batch))?;
            if let Err(error) = rules.delete_stale(&gone) {
                // The rules stand, and clients without an entry are given another endpoint.
                tracing::warn!(
                    "clients with session affinity may be sent to endpoints that are gone: {error}"
                );
            }
            Ok(())
        };
        if let Err(error) = self.rules.run(work).await? {
            self.outputs.metrics.count_failure();
            // Nothing has been deleted: the next attempt does.
            self.services.keep_stale(stale);
            return Err(AgentError::Kernel(error));
        }
        self.outputs
            .metrics
            .count_sync(began.elapsed(), self.services.len());
        if !stale.is_empty() {
            // The cleaner ends only when the agent does.
            let _ = self.stale.send(stale);
        }
        Ok(())
    }

    /// Publishes what follows from a commit.
    fn publish(&self) {
        self.outputs.publish_health(|| self.services.health_checks());
        self.outputs.publish_served(self.shares.known());
    }

    fn warn(&mut self) {
        for problem in self.services.take_problems() {
            self.outputs.metrics.count_problem();
            tracing::warn!("{problem}");
        }
    }
}
