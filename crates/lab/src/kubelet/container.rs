//! Runs one container: starts it, probes it, starts it again as its policy says.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use kinglet_kube::Severity::{Normal, Warning};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::echo::Identity;

use super::console::Console;
use super::context::PodContext;
use super::health::{self, Verdict};
use super::log;
use super::probe::{ProbeError, Target};
use super::program::Exit;
use super::spec::{Container, RestartPolicy};
use super::state::{Ended, Phase, Which};
use super::variables::{VariablesError, variables};
use super::workload::Workload;

/// The pause before the second restart; it doubles up to [`LONGEST_BACKOFF`], as a kubelet's does.
const BACKOFF: Duration = Duration::from_secs(10);
const LONGEST_BACKOFF: Duration = Duration::from_secs(300);
/// A container that ran this long starts with a fresh back-off.
const STABLE: Duration = Duration::from_secs(600);
/// Pause after a start that failed for want of something that may come.
const RETRY: Duration = Duration::from_secs(1);

/// Time to end in good order when nothing else is said (`terminationGracePeriodSeconds`).
const GRACE: Duration = Duration::from_secs(30);

/// How a container is asked to end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop {
    /// Cancelled when it shall end in good order within the grace period.
    pub(crate) gracefully: CancellationToken,
    /// Cancelled when it shall end at once.
    pub(crate) now: CancellationToken,
    /// The grace period; known at the latest when `gracefully` is cancelled.
    grace: Arc<OnceLock<Duration>>,
}

impl Stop {
    /// Asks to end within a time.
    pub(crate) fn within(&self, grace: Duration) {
        // The first word counts.
        let _ = self.grace.set(grace);
        self.gracefully.cancel();
    }

    /// One that can be asked by itself, and that ends at once together with this one.
    pub(crate) fn apart(&self) -> Self {
        Self {
            gracefully: CancellationToken::new(),
            now: self.now.child_token(),
            grace: self.grace.clone(),
        }
    }
}

/// One container of a pod.
pub(crate) struct Runner {
    pub(crate) context: PodContext,
    pub(crate) which: Which,
    pub(crate) spec: Container,
    pub(crate) policy: RestartPolicy,
    pub(crate) stop: Stop,
}

/// A container that cannot be started.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error(transparent)]
    Variables(#[from] VariablesError),
    #[error(transparent)]
    Run(#[from] std::io::Error),
}

impl StartError {
    /// The reason why the container waits, as a kubelet gives it in the status.
    fn reason(&self) -> &'static str {
        match self {
            Self::Variables(_) => "CreateContainerConfigError",
            Self::Run(_) => "RunContainerError",
        }
    }
}

/// Why a run is over.
enum Over {
    Ended(Exit),
    Unhealthy,
    Asked,
    Killed,
}

impl Runner {
    /// Runs it until it has ended for good, or was asked to end.
    pub(crate) async fn run(self) {
        let mut pause = Duration::ZERO;
        while let Some(workload) = self.start().await {
            let began = Instant::now();
            let ended = self.watch(workload).await;
            let code = ended.code;
            self.terminated(ended);
            if self.is_stopping() || !self.starts_again(code) {
                return;
            }
            if began.elapsed() > STABLE {
                pause = Duration::ZERO;
            }
            if !self.back_off(pause).await {
                return;
            }
            pause = (pause * 2).clamp(BACKOFF, LONGEST_BACKOFF);
            // A kubelet counts when the next one starts, not when the last one ended.
            self.context
                .state
                .change_container(self.which, |state| state.restarts += 1);
        }
    }

    fn is_stopping(&self) -> bool {
        self.stop.gracefully.is_cancelled() || self.stop.now.is_cancelled()
    }

    fn starts_again(&self, code: i32) -> bool {
        match self.policy {
            RestartPolicy::Always => true,
            RestartPolicy::OnFailure => code != 0,
            RestartPolicy::Never => false,
        }
    }

    /// Starts it, as often as it takes. `None` when it was asked to end before.
    async fn start(&self) -> Option<Workload> {
        loop {
            let error = match self.try_start().await {
                Ok((workload, console)) => {
                    self.context.consoles.set(&self.spec.name, console);
                    self.running();
                    return Some(workload);
                }
                Err(error) => error,
            };
            self.report(Warning, "Failed", format!("Error: {error}"));
            self.waiting(error.reason(), error.to_string());
            if !self.pause(RETRY).await {
                return None;
            }
        }
    }

    async fn try_start(&self) -> Result<(Workload, Console), StartError> {
        let PodContext {
            place, state, node, ..
        } = &self.context;
        let restarts = state.container(self.which).map_or(0, |state| state.restarts);
        let log = log::Writer::begin(&place.directory, &self.spec.name, restarts)?;
        if self.spec.command.is_empty() {
            let (addresses, identity) = (&place.description.addresses, self.identity());
            return Ok(Workload::echo(&self.spec, place, addresses, identity, log)?);
        }
        let environment = variables(&self.context, &self.spec).await?;
        Ok(Workload::program(&node.spawner, place, &self.spec, &environment, log).await?)
    }

    fn identity(&self) -> Identity {
        Identity {
            pod: self.context.pod.metadata.object_name().to_string(),
            node: self.context.node.name.clone(),
            container: self.spec.name.clone(),
            image: self.spec.image.clone(),
        }
    }

    fn running(&self) {
        let since = Timestamp::now();
        self.report(Normal, "Started", format!("Started container {}", self.spec.name));
        let (started, ready) = (
            self.spec.startup_probe.is_none(),
            self.spec.startup_probe.is_none() && self.spec.readiness_probe.is_none(),
        );
        self.context.state.change_container(self.which, |state| {
            state.phase = Phase::Running { since };
            state.started = started;
            state.ready = ready;
        });
    }

    fn waiting(&self, reason: &'static str, message: String) {
        self.context.state.change_container(self.which, |state| {
            state.phase = Phase::Waiting { reason, message };
            (state.started, state.ready) = (false, false);
        });
    }

    fn terminated(&self, ended: Ended) {
        self.context.state.change_container(self.which, |state| {
            state.phase = Phase::Terminated(ended);
            (state.started, state.ready) = (false, false);
        });
    }

    /// Watches a running workload to its end.
    async fn watch(&self, mut workload: Workload) -> Ended {
        let began = Timestamp::now();
        let over = tokio::select! {
            exit = workload.ended() => Over::Ended(exit),
            () = self.unhealthy() => Over::Unhealthy,
            () = self.stop.gracefully.cancelled() => Over::Asked,
            () = self.stop.now.cancelled() => Over::Killed,
        };
        let exit = match over {
            Over::Ended(exit) => exit,
            Over::Killed => workload.kill().await,
            Over::Asked | Over::Unhealthy => self.terminate(workload).await,
        };
        self.context.consoles.remove(&self.spec.name);
        Ended {
            code: exit.code,
            signal: exit.signal,
            reason: if exit.code == 0 { "Completed" } else { "Error" },
            message: String::new(),
            started: Some(began),
            finished: Timestamp::now(),
        }
    }

    /// The hook first, then the signal, then the end at the latest when the grace period is over.
    async fn terminate(&self, workload: Workload) -> Exit {
        self.report(
            Normal,
            "Killing",
            format!("Stopping container {}", self.spec.name),
        );
        // When a probe has failed, nobody has given a time.
        let grace = self.stop.grace.get().copied().unwrap_or(GRACE);
        let deadline = Instant::now() + grace;
        if let Some(hook) = &self.spec.lifecycle.pre_stop {
            let target = self.target();
            let outcome = tokio::select! {
                outcome = target.attempt(hook, grace) => outcome,
                () = self.stop.now.cancelled() => Ok(()),
            };
            if let Err(error) = outcome {
                self.report(
                    Warning,
                    "FailedPreStopHook",
                    format!("PreStopHook failed: {error}"),
                );
            }
        }
        // A hook that used up the time still leaves a moment to end in, as with a kubelet.
        let left = deadline.saturating_duration_since(Instant::now());
        workload
            .terminate(left.max(Duration::from_millis(100)), &self.stop.now)
            .await
    }

    fn target(&self) -> Target<'_> {
        let place = &self.context.place;
        let loopback = std::net::IpAddr::from([127, 0, 0, 1]);
        Target {
            node: &self.context.node.network.namespace,
            place,
            address: place.description.addresses.first().copied().unwrap_or(loopback),
            container: &self.spec,
            spawner: &self.context.node.spawner,
        }
    }

    /// Probes it; ends when it must be started again.
    async fn unhealthy(&self) {
        let target = self.target();
        let tell = |kind: &str, error: &ProbeError| {
            self.report(Warning, "Unhealthy", format!("{kind} probe failed: {error}"));
        };
        let change = |verdict: Verdict| {
            self.context
                .state
                .change_container(self.which, |state| match verdict {
                    Verdict::Started => state.started = true,
                    Verdict::Ready(ready) => state.ready = ready,
                });
        };
        health::watch(&target, &self.spec, tell, change).await;
        let note = format!("Container {} failed its probe, will be restarted", self.spec.name);
        self.report(Normal, "Killing", note);
    }

    /// Waits before the next start. `false` when it shall not start.
    async fn back_off(&self, pause: Duration) -> bool {
        if pause.is_zero() {
            return !self.is_stopping();
        }
        let name = &self.spec.name;
        let pod = self.context.pod.metadata.object_name();
        let last = self.context.state.container(self.which);
        let last = last.and_then(|state| state.ended().cloned());
        self.report(
            Warning,
            "BackOff",
            format!("Back-off restarting failed container {name} in pod {pod}"),
        );
        let message = format!("back-off {pause:?} restarting failed container={name} pod={pod}");
        self.waiting("CrashLoopBackOff", message);
        self.context
            .state
            .change_container(self.which, |state| state.last = last);
        self.pause(pause).await
    }

    async fn pause(&self, pause: Duration) -> bool {
        tokio::select! {
            () = sleep(pause) => true,
            () = self.stop.gracefully.cancelled() => false,
            () = self.stop.now.cancelled() => false,
        }
    }

    fn report(&self, severity: kinglet_kube::Severity, reason: &'static str, note: String) {
        self.context
            .node
            .report(&self.context.pod, severity, reason, note);
    }
}
