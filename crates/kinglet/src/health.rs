//! What every process that follows a cluster shows of how current it is.

use std::time::Duration;

use kinglet_config::{AdminOptions, LagOptions};
use kinglet_kube::{Client, Reflectors, metrics};
use kinglet_telemetry::{Lag, Readiness, Registry};
use tokio_util::sync::CancellationToken;

/// The reflectors of a process, and a registry that shows the ages of its watches. The part `watches` is
/// ready while something is heard of every kind.
pub(crate) fn reflectors(
    client: Client,
    options: &AdminOptions,
    readiness: &Readiness,
    stop: CancellationToken,
) -> (Reflectors, Registry) {
    let reflectors = Reflectors::new(client, stop);
    let mut registry = Registry::default();
    metrics::register(&reflectors, &mut registry);
    if let Some(longest) = options.max_watch_age() {
        let watched = reflectors.clone();
        readiness.check("watches", move || silence(&watched, longest));
    }
    (reflectors, registry)
}

fn silence(reflectors: &Reflectors, longest: Duration) -> Option<String> {
    let silent = reflectors.silent(longest);
    // Without the ages themselves, which would make another text each time.
    (!silent.is_empty()).then(|| {
        format!(
            "nothing heard from the API server about {} for more than {longest:?} (--max-watch-age); what was known is served",
            silent.join(", ")
        )
    })
}

/// A part of this name is ready while no change waits for too long.
pub(crate) fn follow(name: &'static str, lag: &Lag, options: &LagOptions, readiness: &Readiness) {
    let Some(longest) = options.max_lag() else {
        return;
    };
    let lag = lag.clone();
    readiness.check(name, move || {
        (lag.age() > longest)
            .then(|| format!("a change is not in the kernel after more than {longest:?} (--max-lag)"))
    });
}
