//! The objects of one kind, kept up to date and shared by all components of the process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kinglet_model::{Object, ObjectName};
use kube::Client;
use tokio_util::sync::CancellationToken;

use crate::Resource;
use crate::feed::{Decoder, Feed};
use crate::follower;
use crate::list::Source;
use crate::pulse::Pulse;

/// A change of one object of a watched kind.
#[derive(Debug)]
pub enum Change<K> {
    /// The object is new or differs from before.
    Applied(Arc<K>),
    /// The object is gone; its last known state.
    Deleted(Arc<K>),
}

impl<K: Object> Change<K> {
    /// The same change, for another subscriber.
    fn again(&self) -> Self {
        match self {
            Self::Applied(object) => Self::Applied(object.clone()),
            Self::Deleted(object) => Self::Deleted(object.clone()),
        }
    }

    /// Name of the object.
    pub fn name(&self) -> ObjectName {
        let (Self::Applied(object) | Self::Deleted(object)) = self;
        object.object_name()
    }

    /// The object as it is now, unless it is gone.
    pub fn now(self) -> Option<Arc<K>> {
        match self {
            Self::Applied(object) => Some(object),
            Self::Deleted(_) => None,
        }
    }
}

/// A cache of all objects of one kind. Cheap to clone; clones share the cache.
///
/// Level-triggered: after a lost connection the list is compared with the cache and only differences are sent
/// on. While the API server is away the cache stays as it is.
pub struct Reflector<K> {
    shared: Arc<Mutex<State<K>>>,
    pulse: Pulse,
}

impl<K> Clone for Reflector<K> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            pulse: self.pulse.clone(),
        }
    }
}

/// What a subscriber is told.
pub(crate) enum Notice<K> {
    /// What changed together: one object, or all that a list found. Between two changes of a list there may
    /// never have been a moment when one was made and the other was not.
    Changed(Vec<Change<K>>),
    /// Everything that existed at the start has been told. Comes once.
    Synced,
}

/// Takes notices; `false` when nobody listens any more.
type Subscriber<K> = Box<dyn FnMut(Notice<K>) -> bool + Send>;

struct State<K> {
    objects: HashMap<ObjectName, Arc<K>>,
    subscribers: Vec<Subscriber<K>>,
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
            pulse: Pulse::default(),
        }
    }
}

impl<K: Object> Reflector<K> {
    /// Starts a task that keeps a new cache up to date until `stop` is cancelled.
    pub fn spawn(client: Client, stop: CancellationToken) -> Self {
        Self::follow(client, Vec::new(), stop)
    }

    /// The same for a kind that need not be there (a custom resource): while the API server does not serve it
    /// there are no objects, and it is looked from time to time whether it does.
    pub(crate) fn spawn_optional(client: Client, stop: CancellationToken) -> Self {
        Self::follow(client, Resource::versions_of::<K>(), stop)
    }

    fn follow(client: Client, versions: Vec<Resource>, stop: CancellationToken) -> Self {
        let reflector = Self::default();
        let task = reflector.clone();
        let pulse = reflector.pulse.clone();
        let source = Source::of::<K>();
        let sink = Decoder::new(&source.kind, K::from_json, move |news| task.take(news));
        follower::spawn(client, source, versions, pulse, stop, Box::new(sink));
        reflector
    }

    /// Tells a subscriber of all present objects, then of each change. It is called under the lock of the
    /// cache and must not wait.
    pub(crate) fn notify(&self, mut subscriber: impl FnMut(Notice<K>) -> bool + Send + 'static) {
        // Locked until the subscriber is among the others, so that it misses no change in between.
        let mut state = self.state();
        let present = state.objects.values().cloned().map(Change::Applied);
        subscriber(Notice::Changed(present.collect()));
        if state.synced {
            subscriber(Notice::Synced);
        }
        state.subscribers.push(Box::new(subscriber));
    }

    /// Takes news of the kind in.
    pub(crate) fn take(&self, news: Feed<K>) {
        self.state().take(news);
    }

    #[cfg(test)]
    pub(crate) fn subscribers(&self) -> usize {
        self.state().subscribers.len()
    }

    /// The cached object of that name.
    pub fn get(&self, name: &ObjectName) -> Option<Arc<K>> {
        self.state().objects.get(name).cloned()
    }

    /// How long ago something was heard of the kind: a list, a change, or a bookmark.
    pub fn age(&self) -> Duration {
        self.pulse.age()
    }

    /// The last sign of life of the watch.
    pub(crate) fn pulse(&self) -> Pulse {
        self.pulse.clone()
    }

    /// Whether the first list has arrived.
    pub fn is_synced(&self) -> bool {
        self.state().synced
    }

    fn state(&self) -> MutexGuard<'_, State<K>> {
        // No code that holds the lock can panic half-way through a change.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Object> State<K> {
    fn publish(&mut self, notice: impl Fn() -> Notice<K>) {
        self.subscribers.retain_mut(|subscriber| subscriber(notice()));
    }

    fn take(&mut self, news: Feed<K>) {
        let is_list = matches!(news, Feed::Listed(_));
        let changes: Vec<_> = match news {
            Feed::Listed(objects) => self.replace(objects),
            Feed::Applied(object) => self.apply(object).into_iter().collect(),
            Feed::Deleted(object) => self.delete(&object.object_name()).into_iter().collect(),
        };
        if !changes.is_empty() {
            self.publish(|| Notice::Changed(changes.iter().map(Change::again).collect()));
        }
        if is_list && !self.synced {
            self.synced = true;
            self.publish(|| Notice::Synced);
        }
    }

    fn apply(&mut self, object: K) -> Option<Change<K>> {
        let object = Arc::new(object);
        let name = object.object_name();
        let version = &object.meta().resource_version;
        // A list after a lost watch brings everything again: what has not changed is not sent on.
        let known = self
            .objects
            .get(&name)
            .is_some_and(|old| old.meta().resource_version == *version);
        if known {
            return None;
        }
        self.objects.insert(name, object.clone());
        Some(Change::Applied(object))
    }

    fn delete(&mut self, name: &ObjectName) -> Option<Change<K>> {
        self.objects.remove(name).map(Change::Deleted)
    }

    /// Brings the cache to the listed state; the differences.
    fn replace(&mut self, objects: Vec<K>) -> Vec<Change<K>> {
        let listed: std::collections::HashSet<ObjectName> = objects.iter().map(Object::object_name).collect();
        let gone: Vec<ObjectName> = self
            .objects
            .keys()
            .filter(|name| !listed.contains(*name))
            .cloned()
            .collect();
        // Deletions first: a name that is used again must not be seen twice at once.
        let mut changes: Vec<_> = gone.iter().filter_map(|name| self.delete(name)).collect();
        changes.extend(objects.into_iter().filter_map(|object| self.apply(object)));
        changes
    }
}

#[cfg(test)]
mod tests;
