//! A collection followed for ever: list, watch, and list again when the watch fell too far behind.

use std::time::Duration;

use kube::Client;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::Resource;
use crate::backoff::Backoff;
use crate::discovery::first_served;
use crate::list::{Source, list};
use crate::pulse::Pulse;
use crate::watch::{Change, Watch, WatchError};

/// How often the API server is asked whether it serves an optional kind by now.
const POLL: Duration = Duration::from_secs(10);

/// Longest pause before the API server is asked again: after a cut that has healed, changes are seen within
/// seconds.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// News of a collection, in the order in which it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Feed<T> {
    /// All objects that exist now; what was known before and is not among them is gone.
    Listed(Vec<T>),
    /// An object is new or has changed.
    Applied(T),
    /// An object is gone; its last state.
    Deleted(T),
}

/// Follows the `metadata` of all objects of a kind until `stop` is cancelled. `T` decodes from
/// `PartialObjectMetadata`: it has a field `metadata`.
pub fn follow_metadata<T: DeserializeOwned + Send>(
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
    spawn(client, source, Vec::new(), Pulse::default(), stop, take);
}

/// Starts a task that follows a collection until `stop` is cancelled. A kind with `versions` is optional: it
/// has no objects while none of them is served, and else is followed in the first one that is.
pub(crate) fn spawn<T: DeserializeOwned + Send>(
    client: Client,
    source: Source,
    versions: Vec<Resource>,
    pulse: Pulse,
    stop: CancellationToken,
    take: impl FnMut(Feed<T>) + Send + 'static,
) {
    let follower = Follower {
        client,
        source,
        versions,
        pulse,
        take,
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

struct Follower<F> {
    client: Client,
    source: Source,
    /// None for a kind that is always there.
    versions: Vec<Resource>,
    pulse: Pulse,
    take: F,
}

impl<F> Follower<F> {
    async fn run<T>(mut self)
    where
        T: DeserializeOwned,
        F: FnMut(Feed<T>),
    {
        let mut backoff = Backoff::new();
        loop {
            if self.find().await == Found::Nowhere {
                self.pulse.beat();
                (self.take)(Feed::Listed(Vec::new()));
                tokio::time::sleep(POLL).await;
                continue;
            }
            match list(&self.client, &self.source).await {
                Ok(list) => {
                    debug!(
                        kind = &*self.source.kind,
                        resource_version = list.resource_version,
                        "listed"
                    );
                    self.pulse.beat();
                    (self.take)(Feed::Listed(list.objects));
                    backoff.reset();
                    self.follow(list.resource_version, &mut backoff).await;
                }
                Err(error) => {
                    let pause = backoff.pause().min(LONGEST_PAUSE);
                    warn!(kind = &*self.source.kind, %error, ?pause, "cannot list; serving what is known");
                    tokio::time::sleep(pause).await;
                }
            }
        }
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
    async fn follow<T>(&mut self, mut version: String, backoff: &mut Backoff)
    where
        T: DeserializeOwned,
        F: FnMut(Feed<T>),
    {
        let mut lost = false;
        loop {
            let ended = self.watch_once(&mut version, &mut lost, backoff).await;
            match ended {
                Ok(()) => {}
                Err(WatchError::Expired) => {
                    info!(kind = &*self.source.kind, "watch expired; listing again");
                    return;
                }
                // The definition of a custom resource was deleted, or has another version now: its watch cannot
                // be opened any more.
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

    async fn watch_once<T>(
        &mut self,
        version: &mut String,
        lost: &mut bool,
        backoff: &mut Backoff,
    ) -> Result<(), WatchError>
    where
        T: DeserializeOwned,
        F: FnMut(Feed<T>),
    {
        let mut watch = Watch::open(&self.client, &self.source, version.clone(), self.pulse.clone()).await?;
        if std::mem::take(lost) {
            info!(kind = &*self.source.kind, "watch restored");
        }
        loop {
            let change = watch.next().await;
            // Also when the watch fails: the next one continues behind what was seen.
            version.clone_from(&watch.resource_version);
            match change? {
                Some(Change::Applied(object)) => (self.take)(Feed::Applied(object)),
                Some(Change::Deleted(object)) => (self.take)(Feed::Deleted(object)),
                None => return Ok(()),
            }
            // Only a change proves that the connection works: a server that accepts watches and cuts them at
            // once must not be asked without pauses.
            backoff.reset();
        }
    }
}
