//! A collection followed for ever: list, watch, and list again when the watch fell too far behind.

use std::time::Duration;

use kube::Client;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::Resource;
use crate::backoff::Backoff;
use crate::discovery::first_served;
use crate::feed::{Decoder, Feed, Sink};
use crate::list::{Source, from_json, pages};
use crate::pulse::Pulse;
use crate::watch::{Watch, WatchError};

/// How often the API server is asked whether it serves an optional kind by now.
const POLL: Duration = Duration::from_secs(10);

/// Longest pause before the API server is asked again: after a cut that has healed, changes are seen within
/// seconds.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Follows the `metadata` of all objects of a kind until `stop` is cancelled. `T` decodes from
/// `PartialObjectMetadata`: it has a field `metadata`.
pub fn follow_metadata<T: DeserializeOwned + Send + 'static>(
    client: Client,
    resource: &Resource,
    stop: CancellationToken,
    take: impl FnMut(Feed<T>) + Send + 'static,
) {
    let source = Source {
        kind: resource.kind.clone(),
        path: resource.collection(""),
        metadata_only: true,
    };
    let sink = Decoder::new(&source.kind, from_json, take);
    spawn(client, source, Vec::new(), Pulse::default(), stop, Box::new(sink));
}

/// Starts a task that follows a collection until `stop` is cancelled. A kind with `versions` is optional: it
/// has no objects while none of them is served, and else is followed in the first one that is.
pub(crate) fn spawn(
    client: Client,
    source: Source,
    versions: Vec<Resource>,
    pulse: Pulse,
    stop: CancellationToken,
    sink: Box<dyn Sink>,
) {
    let follower = Follower {
        client,
        source,
        versions,
        pulse,
        sink,
    };
    tokio::spawn(async move {
        tokio::select! {
            () = follower.run() => {}
            () = stop.cancelled() => {}
        }
    });
}

/// Where an optional kind is served.
#[derive(PartialEq, Eq)]
enum Found {
    AsBefore,
    /// In another version.
    Elsewhere,
    Nowhere,
}

struct Follower {
    client: Client,
    source: Source,
    /// None for a kind that is always there.
    versions: Vec<Resource>,
    pulse: Pulse,
    sink: Box<dyn Sink>,
}

impl Follower {
    async fn run(mut self) {
        let mut backoff = Backoff::new();
        loop {
            if self.find().await == Found::Nowhere {
                // There is no watch that could give a sign of life; the answer is one.
                self.pulse.beat();
                // Whoever waits for the first list must not wait for a kind that may never come.
                self.sink.begin();
                self.sink.end();
                tokio::time::sleep(POLL).await;
                continue;
            }
            match self.list().await {
                Ok(resource_version) => {
                    debug!(kind = &*self.source.kind, resource_version, "listed");
                    self.pulse.beat();
                    self.sink.end();
                    backoff.reset();
                    self.follow(resource_version, &mut backoff).await;
                }
                Err(error) => {
                    let pause = backoff.pause().min(LONGEST_PAUSE);
                    warn!(kind = &*self.source.kind, %error, ?pause, "cannot list; serving what is known");
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    /// Gives all objects to the sink, and answers the revision to watch from.
    async fn list(&mut self) -> Result<String, kube::Error> {
        self.sink.begin();
        pages(&self.client, &self.source, &mut |objects| self.sink.page(objects)).await
    }

    /// Looks where an optional kind is served. If nobody can tell, the next request will.
    async fn find(&mut self) -> Found {
        if self.versions.is_empty() {
            return Found::AsBefore;
        }
        match first_served(&self.client, self.versions.clone()).await {
            Ok(Some(resource)) => {
                let path = resource.collection("");
                if path == self.source.path {
                    return Found::AsBefore;
                }
                self.source.path = path;
                Found::Elsewhere
            }
            Ok(None) => Found::Nowhere,
            Err(_) => Found::AsBefore,
        }
    }

    /// Watches until the revision is too old, or the kind is gone, and a new list is needed.
    async fn follow(&mut self, mut version: String, backoff: &mut Backoff) {
        let mut lost = false;
        loop {
            let ended = self.watch_once(&mut version, &mut lost, backoff).await;
            match ended {
                // The server's time for a watch is over (`timeoutSeconds`): the next one continues at once.
                Ok(()) => {}
                Err(WatchError::Expired) => {
                    info!(kind = &*self.source.kind, "watch expired; listing again");
                    return;
                }
                // The definition of a custom resource was deleted, or has another version now: its watch
                // cannot be opened any more.
                Err(_) if self.find().await != Found::AsBefore => {
                    info!(kind = &*self.source.kind, "no longer served in this version");
                    return;
                }
                Err(error) => {
                    let pause = backoff.pause().min(LONGEST_PAUSE);
                    lost = true;
                    warn!(kind = &*self.source.kind, %error, ?pause, "watch lost; serving what is known");
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    async fn watch_once(
        &mut self,
        version: &mut String,
        lost: &mut bool,
        backoff: &mut Backoff,
    ) -> Result<(), WatchError> {
        let mut watch = Watch::open(&self.client, &self.source, version.clone(), self.pulse.clone()).await?;
        if std::mem::take(lost) {
            info!(kind = &*self.source.kind, "watch restored");
        }
        loop {
            let changed = watch.next(&mut *self.sink).await;
            // Also when the watch fails: the next one continues behind what was seen.
            version.clone_from(&watch.resource_version);
            if !changed? {
                return Ok(());
            }
            // Only a change proves that the connection works: a server that accepts watches and cuts them at
            // once must not be asked without pauses.
            backoff.reset();
        }
    }
}
