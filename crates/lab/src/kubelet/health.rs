//! Startup, readiness and liveness of a running container, by its probes.

use std::time::Duration;

use tokio::time::sleep;

use super::probe::{ProbeError, Target};
use super::spec::{Container, Probe};

/// What probes found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Started,
    Ready(bool),
}

/// Probes a container until it has to be started again. Without a startup or liveness probe that never
/// happens.
pub(crate) async fn watch(
    target: &Target<'_>,
    container: &Container,
    tell: impl Fn(&str, &ProbeError),
    change: impl Fn(Verdict),
) {
    // The other probes wait for it: a slow start is no failure.
    if let Some(probe) = &container.startup_probe {
        if !startup(target, probe, &tell).await {
            return;
        }
        change(Verdict::Started);
    }
    tokio::select! {
        () = readiness(target, container, &tell, &change) => {}
        () = liveness(target, container, &tell) => {}
    }
}

/// Whether it has started before its probe failed too often.
async fn startup(target: &Target<'_>, probe: &Probe, tell: &impl Fn(&str, &ProbeError)) -> bool {
    let mut counter = Counter::new(probe);
    sleep(seconds(probe.initial_delay_seconds)).await;
    loop {
        let outcome = attempt(target, probe).await;
        if let Err(error) = &outcome {
            tell("Startup", error);
        }
        match counter.count(outcome.is_ok()) {
            Some(started) => return started,
            None => sleep(seconds(probe.period_seconds.max(1))).await,
        }
    }
}

async fn readiness(
    target: &Target<'_>,
    container: &Container,
    tell: &impl Fn(&str, &ProbeError),
    change: &impl Fn(Verdict),
) {
    let Some(probe) = &container.readiness_probe else {
        change(Verdict::Ready(true));
        // Only a failed liveness probe may end the watch.
        return std::future::pending().await;
    };
    let mut counter = Counter::new(probe);
    sleep(seconds(probe.initial_delay_seconds)).await;
    loop {
        let outcome = attempt(target, probe).await;
        if let Err(error) = &outcome {
            tell("Readiness", error);
        }
        if let Some(ready) = counter.count(outcome.is_ok()) {
            change(Verdict::Ready(ready));
        }
        sleep(seconds(probe.period_seconds.max(1))).await;
    }
}

/// Ends when the probe has failed too often.
async fn liveness(target: &Target<'_>, container: &Container, tell: &impl Fn(&str, &ProbeError)) {
    let Some(probe) = &container.liveness_probe else {
        return std::future::pending().await;
    };
    let mut counter = Counter::new(probe);
    sleep(seconds(probe.initial_delay_seconds)).await;
    loop {
        let outcome = attempt(target, probe).await;
        if let Err(error) = &outcome {
            tell("Liveness", error);
        }
        if counter.count(outcome.is_ok()) == Some(false) {
            return;
        }
        sleep(seconds(probe.period_seconds.max(1))).await;
    }
}

async fn attempt(target: &Target<'_>, probe: &Probe) -> Result<(), ProbeError> {
    let limit = seconds(probe.timeout_seconds.max(1));
    target.attempt(&probe.action, limit).await
}

fn seconds(count: u32) -> Duration {
    Duration::from_secs(count.into())
}

/// Counts outcomes up to the thresholds.
struct Counter {
    successes: u32,
    failures: u32,
    success_threshold: u32,
    failure_threshold: u32,
}

impl Counter {
    fn new(probe: &Probe) -> Self {
        Self {
            successes: 0,
            failures: 0,
            success_threshold: probe.success_threshold.max(1),
            failure_threshold: probe.failure_threshold.max(1),
        }
    }

    /// The verdict, once enough outcomes in a row agree.
    fn count(&mut self, success: bool) -> Option<bool> {
        if success {
            self.successes += 1;
            self.failures = 0;
        } else {
            self.failures += 1;
            self.successes = 0;
        }
        if self.successes >= self.success_threshold {
            Some(true)
        } else if self.failures >= self.failure_threshold {
            Some(false)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_count_outcomes_in_a_row() {
        let probe = Probe {
            success_threshold: 2,
            failure_threshold: 3,
            ..Probe::default()
        };
        let mut counter = Counter::new(&probe);
        let outcomes = [true, false, true, true, false, false, true, false, false, false];
        let verdicts: Vec<Option<bool>> = outcomes.iter().map(|outcome| counter.count(*outcome)).collect();
        let expected = [
            None,
            None,
            None,
            Some(true),
            None,
            None,
            None,
            None,
            None,
            Some(false),
        ];
        assert_eq!(verdicts, expected);
    }
}
