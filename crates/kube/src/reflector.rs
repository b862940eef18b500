//! The objects of one kind, kept up to date and shared by all components of the process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kinglet_model::{Object, ObjectName};
use kube::Client;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::backoff::Backoff;
use crate::list::{List, list};
use crate::watch::{Change, Watch, WatchError};

/// A change of the cached objects, in the order in which it happened.
#[derive(Debug)]
pub enum Delta<K> {
    /// The object is new or differs from before.
    Applied(Arc<K>),
    /// The object is gone; its last known state.
    Deleted(Arc<K>),
    /// Everything that existed at the start has been sent. Comes once.
    Synced,
}

impl<K> Clone for Delta<K> {
    fn clone(&self) -> Self {
        match self {
            Self::Applied(object) => Self::Applied(object.clone()),
            Self::Deleted(object) => Self::Deleted(object.clone()),
            Self::Synced => Self::Synced,
        }
    }
}

/// A cache of all objects of one kind. Cheap to clone; clones share the cache.
///
/// Level-triggered: after a lost connection the list is compared with the cache and only differences are sent on. While the API server is
/// away the cache stays as it is.
pub struct Reflector<K> {
    shared: Arc<Mutex<State<K>>>,
}

impl<K> Clone for Reflector<K> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

struct State<K> {
    objects: HashMap<ObjectName, Arc<K>>,
    subscribers: Vec<mpsc::UnboundedSender<Delta<K>>>,
    synced: bool,
}

impl<K: Object> Default for Reflector<K> {
    fn default() -> Self {
        let state = State {
            objects: HashMap::new(),
            subscribers: Vec::new(),
            synced: false,
        };
        Self {
            shared: Arc::new(Mutex::new(state)),
        }
    }
}

impl<K: Object> Reflector<K> {
    /// Starts a task that keeps a new cache up to date until `stop` is cancelled.
    pub fn spawn(client: Client, stop: CancellationToken) -> Self {
        let reflector = Self::default();
        let task = reflector.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = task.run(client) => {}
                () = stop.cancelled() => {}
            }
        });
        reflector
    }

    /// A stream of changes that begins with all present objects.
    pub fn subscribe(&self) -> mpsc::UnboundedReceiver<Delta<K>> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut state = self.state();
        for object in state.objects.values() {
            // The receiver is in our hands: sending cannot fail.
            let _ = sender.send(Delta::Applied(object.clone()));
        }
        if state.synced {
            let _ = sender.send(Delta::Synced);
        }
        state.subscribers.push(sender);
        receiver
    }

    /// The cached object of that name.
    pub fn get(&self, name: &ObjectName) -> Option<Arc<K>> {
        self.state().objects.get(name).cloned()
    }

    /// Whether the first list has arrived.
    pub fn is_synced(&self) -> bool {
        self.state().synced
    }

    fn state(&self) -> MutexGuard<'_, State<K>> {
        // No code that holds the lock can panic half-way through a change.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(&self, client: Client) {
        let mut backoff = Backoff::new();
        loop {
            match list::<K>(&client).await {
                Ok(list) => {
                    let version = self.state().replace(list);
                    backoff.reset();
                    debug!(kind = K::KIND, resource_version = version, "listed");
                    self.follow(&client, version, &mut backoff).await;
                }
                Err(error) => {
                    let pause = backoff.pause();
                    warn!(kind = K::KIND, %error, ?pause, "cannot list; serving what is known");
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    /// Watches until the revision is too old and a new list is needed.
    async fn follow(&self, client: &Client, mut version: String, backoff: &mut Backoff) {
        let mut lost = false;
        loop {
            let ended = self.watch_once(client, &mut version, &mut lost, backoff).await;
            match ended {
                Ok(()) => {}
                Err(WatchError::Expired) => {
                    info!(kind = K::KIND, "watch expired; listing again");
                    return;
                }
                Err(error) => {
                    let pause = backoff.pause();
                    lost = true;
                    warn!(kind = K::KIND, %error, ?pause, "watch lost; serving what is known");
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    async fn watch_once(
        &self,
        client: &Client,
        version: &mut String,
        lost: &mut bool,
        backoff: &mut Backoff,
    ) -> Result<(), WatchError> {
        let mut watch = Watch::open::<K>(client, version.clone()).await?;
        if std::mem::take(lost) {
            info!(kind = K::KIND, "watch restored");
        }
        loop {
            let change = watch.next::<K>().await;
            version.clone_from(&watch.resource_version);
            match change? {
                Some(change) => {
                    backoff.reset();
                    self.state().change(change);
                }
                None => return Ok(()),
            }
        }
    }
}

impl<K: Object> State<K> {
    fn publish(&mut self, delta: Delta<K>) {
        self.subscribers
            .retain(|subscriber| subscriber.send(delta.clone()).is_ok());
    }

    fn change(&mut self, change: Change<K>) {
        match change {
            Change::Applied(object) => self.apply(object),
            Change::Deleted(object) => self.delete(&object.object_name()),
        }
    }

    fn apply(&mut self, object: K) {
        let object = Arc::new(object);
        let name = object.object_name();
        let version = &object.meta().resource_version;
        let known = self
            .objects
            .get(&name)
            .is_some_and(|old| old.meta().resource_version == *version);
        if !known {
            self.objects.insert(name, object.clone());
            self.publish(Delta::Applied(object));
        }
    }

    fn delete(&mut self, name: &ObjectName) {
        if let Some(object) = self.objects.remove(name) {
            self.publish(Delta::Deleted(object));
        }
    }

    /// Brings the cache to the listed state by the differences and returns the list's revision.
    fn replace(&mut self, list: List<K>) -> String {
        let listed: std::collections::HashSet<ObjectName> =
            list.objects.iter().map(Object::object_name).collect();
        let gone: Vec<ObjectName> = self
            .objects
            .keys()
            .filter(|name| !listed.contains(*name))
            .cloned()
            .collect();
        for name in &gone {
            self.delete(name);
        }
        for object in list.objects {
            self.apply(object);
        }
        if !self.synced {
            self.synced = true;
            self.publish(Delta::Synced);
        }
        list.resource_version
    }
}

#[cfg(test)]
mod tests;
