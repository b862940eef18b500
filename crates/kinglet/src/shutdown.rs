//! Ends the process in good order.

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::info;

/// Exit code of a process that a second signal ends at once: 128 + SIGINT, as shells count.
const INTERRUPTED: i32 = 130;

/// A token that SIGINT or SIGTERM cancels. A second signal ends the process without waiting.
pub(crate) fn on_signal() -> Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot handle SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot handle SIGTERM")?;
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        };
        next().await;
        info!("stopping; once more to stop at once");
        stopping.cancel();
        next().await;
        std::process::exit(INTERRUPTED);
    });
    Ok(stop)
}
