//! The kinds that are served, looked at again and again.

use std::sync::Arc;
use std::time::Duration;

use kinglet_kube::{Backoff, Client, Resource, discover};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// Pause between looks: a cluster's API server also serves kinds of others.
const PAUSE: Duration = Duration::from_secs(30);
/// Pause while definitions of custom resources are changing.
const PAUSE_CHANGING: Duration = Duration::from_millis(500);
/// A new kind is served at the latest this long after its definition.
const SETTLING: Duration = Duration::from_secs(10);

pub(super) struct Discovery {
    found: mpsc::Receiver<Vec<Resource>>,
    refresh_soon: Arc<Notify>,
}

impl Discovery {
    /// Starts looking, until `stop` is cancelled.
    pub(super) fn start(client: Client, stop: CancellationToken) -> Self {
        let (sender, found) = mpsc::channel(1);
        let refresh_soon = Arc::new(Notify::new());
        let look = look(client, sender, refresh_soon.clone());
        tokio::spawn(async move { stop.run_until_cancelled(look).await });
        Self { found, refresh_soon }
    }

    /// All kinds, each time they have been looked at. Waits for ever once the discovery was stopped.
    pub(super) async fn next(&mut self) -> Vec<Resource> {
        match self.found.recv().await {
            Some(resources) => resources,
            None => std::future::pending().await,
        }
    }

    /// Kinds are about to change: they are discovered soon, and again until all is settled.
    pub(super) fn refresh_soon(&self) {
        self.refresh_soon.notify_one();
    }
}

async fn look(client: Client, found: mpsc::Sender<Vec<Resource>>, refresh_soon: Arc<Notify>) {
    let mut backoff = Backoff::new();
    let mut settled = Instant::now();
    loop {
        let pause = match discover(&client).await {
            Ok(resources) => {
                if found.send(resources).await.is_err() {
                    return;
                }
                backoff.reset();
                if Instant::now() < settled {
                    PAUSE_CHANGING
                } else {
                    PAUSE
                }
            }
            Err(error) => {
                let pause = backoff.pause();
                warn!(%error, ?pause, "cannot discover kinds; garbage collection goes on with the old ones");
                pause
            }
        };
        if timeout(pause, refresh_soon.notified()).await.is_ok() {
            settled = Instant::now() + SETTLING;
            sleep(PAUSE_CHANGING.min(pause)).await;
        }
    }
}
