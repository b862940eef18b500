//! The present state of all objects and their recent changes, in memory.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use kinglet_model::ObjectName;
use tokio::sync::watch;

use super::history::{Compacted, Event, History, HistoryLimits};
use super::object::{Key, Stored};

/// Objects by name.
type Objects = BTreeMap<ObjectName, Arc<Stored>>;

/// The objects of one kind.
#[derive(Debug)]
struct Collection {
    objects: Objects,
    history: History,
    /// Wakes watches; carries the revision of the last change.
    changed: watch::Sender<u64>,
}

/// A consistent view of a collection.
#[derive(Debug)]
pub(crate) struct Listing {
    /// The store's revision that the view shows.
    pub(crate) revision: u64,
    /// In order of namespace and name.
    pub(crate) objects: Vec<Arc<Stored>>,
}

/// Events that a watch has not seen yet.
#[derive(Debug)]
pub(crate) struct Batch {
    /// In order of their revisions.
    pub(crate) events: Vec<Arc<Event>>,
    /// The watch has now seen everything up to this revision.
    pub(crate) position: u64,
}

/// All collections and the global revision.
#[derive(Debug)]
pub(crate) struct State {
    revision: u64,
    /// The revision at which this process started: changes before it are not known one by one.
    start: u64,
    limits: HistoryLimits,
    collections: HashMap<Arc<str>, Collection>,
}

impl State {
    /// The state as loaded from disk.
    pub(crate) fn new(revision: u64, limits: HistoryLimits, objects: Vec<(Arc<str>, Stored)>) -> Self {
        let mut state = Self {
            revision,
            start: revision,
            limits,
            collections: HashMap::new(),
        };
        for (collection, stored) in objects {
            let name = stored.name.clone();
            let objects = &mut state.collection_mut(&collection).objects;
            objects.insert(name, Arc::new(stored));
        }
        state
    }

    /// The revision of the last write.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// An object's present state.
    pub(crate) fn get(&self, key: &Key) -> Option<&Arc<Stored>> {
        self.collections.get(&key.collection)?.objects.get(&key.name)
    }

    /// The objects of a collection, of one namespace or of all, now or as of an earlier revision.
    pub(crate) fn list(
        &self,
        collection: &str,
        namespace: Option<&str>,
        at: Option<u64>,
    ) -> Result<Listing, Compacted> {
        let revision = at.unwrap_or(self.revision);
        let Some(collection) = self.collections.get(collection) else {
            // Whether there were objects before the start nobody knows any more.
            return if revision < self.start {
                Err(Compacted)
            } else {
                Ok(Listing {
                    revision,
                    objects: Vec::new(),
                })
            };
        };
        let present = collection.in_namespace(namespace);
        let objects = if revision == self.revision {
            present.map(|(_, stored)| stored.clone()).collect()
        } else {
            collection.as_of(revision, namespace, present)?
        };
        Ok(Listing { revision, objects })
    }

    /// At most `limit` events of a collection after `position`.
    pub(crate) fn events_after(
        &self,
        collection: &str,
        position: u64,
        limit: usize,
    ) -> Result<Batch, Compacted> {
        let Some(collection) = self.collections.get(collection) else {
            return Ok(Batch {
                events: Vec::new(),
                position: position.max(self.revision),
            });
        };
        let events: Vec<Arc<Event>> = collection.history.after(position)?.take(limit).cloned().collect();
        let position = match events.last() {
            Some(last) if events.len() == limit => last.revision,
            // Nothing of this collection up to now: the watch need not look at these revisions again, and its
            // bookmarks move on although only other kinds change.
            _ => position.max(self.revision),
        };
        Ok(Batch { events, position })
    }

    /// The collections that hold objects.
    pub(crate) fn collections(&self) -> Vec<Arc<str>> {
        let held = self
            .collections
            .iter()
            .filter(|(_, collection)| !collection.objects.is_empty());
        held.map(|(name, _)| name.clone()).collect()
    }

    /// Is told of every change of a collection.
    pub(crate) fn subscribe(&mut self, collection: &str) -> watch::Receiver<u64> {
        self.collection_mut(collection).changed.subscribe()
    }

    /// Applies one change.
    pub(crate) fn apply(&mut self, collection: &str, event: Event) {
        self.revision = event.revision;
        let collection = self.collection_mut(collection);
        let name = event.object.name.clone();
        if event.deleted {
            collection.objects.remove(&name);
        } else {
            collection.objects.insert(name, event.object.clone());
        }
        let revision = event.revision;
        // Before the watches are woken: they read from the history.
        collection.history.push(Arc::new(event));
        // `send` would keep the old revision while nobody watches.
        collection.changed.send_replace(revision);
    }

    fn collection_mut(&mut self, name: &str) -> &mut Collection {
        self.collections
            .entry(name.into())
            // Without an object there was no change since the start: its history is complete from there.
            .or_insert_with(|| Collection::new(self.start, self.limits))
    }
}

impl Collection {
    fn new(start: u64, limits: HistoryLimits) -> Self {
        Self {
            objects: Objects::new(),
            history: History::new(start, limits),
            changed: watch::Sender::new(start),
        }
    }

    fn in_namespace<'a>(
        &'a self,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a ObjectName, &'a Arc<Stored>)> {
        let first = ObjectName {
            namespace: namespace.unwrap_or_default().into(),
            name: "".into(),
        };
        self.objects
            .range((Bound::Included(first), Bound::Unbounded))
            .take_while(move |(name, _)| namespace.is_none_or(|namespace| *name.namespace == *namespace))
    }

    /// Undoes the changes after `revision`: the first event of an object after it knows the state before.
    fn as_of<'a>(
        &'a self,
        revision: u64,
        namespace: Option<&str>,
        present: impl Iterator<Item = (&'a ObjectName, &'a Arc<Stored>)>,
    ) -> Result<Vec<Arc<Stored>>, Compacted> {
        let mut objects: BTreeMap<&ObjectName, &Arc<Stored>> = present.collect();
        let later: Vec<&Arc<Event>> = self.history.after(revision)?.collect();
        // The latest first, so that the earliest change after the revision has the last word.
        for event in later.into_iter().rev() {
            let name = &event.object.name;
            if namespace.is_some_and(|namespace| *name.namespace != *namespace) {
                continue;
            }
            match &event.previous {
                Some(previous) => objects.insert(name, previous),
                None => objects.remove(name),
            };
        }
        Ok(objects.into_values().cloned().collect())
    }
}
