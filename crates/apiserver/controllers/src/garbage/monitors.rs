//! Watches of the metadata of all kinds that discovery names.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use kinglet_kube::{Client, Feed, Resource, Source, follow_metadata};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::discovery::Discovery;
use super::graph::ObjectUpdate;
use super::kinds::Kinds;

/// Group and plural name: all versions of a kind show the same objects.
type Key = (Arc<str>, Arc<str>);

pub(crate) struct Monitors {
    client: Client,
    stop: CancellationToken,
    discovery: Discovery,
    discovered: bool,
    /// Once all kinds of the start are known, kinds that are added later do not hold anything up.
    synced: bool,
    followed: HashMap<Key, Followed>,
    /// Kinds whose first list has not come.
    unlisted: HashSet<Key>,
    sender: UnboundedSender<ObjectUpdate>,
    receiver: UnboundedReceiver<ObjectUpdate>,
}

struct Followed {
    resource: Arc<Resource>,
    stop: CancellationToken,
}

/// What the monitors have to tell.
pub(crate) enum MonitorEvent {
    /// An update of objects.
    ObjectUpdate(ObjectUpdate),
    /// Discovery has answered.
    Kinds {
        /// All kinds that are served.
        served: Arc<Kinds>,
        /// Those that are served no longer.
        ended: Vec<Arc<Resource>>,
    },
}

impl Monitors {
    pub(super) fn new(client: Client, stop: CancellationToken) -> Self {
        // Unbounded: what takes the news of a feed cannot wait.
        let (sender, receiver) = mpsc::unbounded_channel();
        Self {
            discovery: Discovery::start(client.clone(), stop.clone()),
            client,
            stop,
            discovered: false,
            synced: false,
            followed: HashMap::new(),
            unlisted: HashSet::new(),
            sender,
            receiver,
        }
    }

    /// Keeps track of first lists, and of definitions that change what discovery names; a list may already
    /// show less than discovery did.
    fn observe(&mut self, (resource, feed): &ObjectUpdate) {
        if matches!(feed, Feed::Listed(_)) {
            self.unlisted.remove(&key(resource));
        }
        if *resource.kind == *"CustomResourceDefinition" {
            self.discovery.refresh_soon();
        }
    }

    /// Follows exactly the kinds that are served now.
    fn refresh(&mut self, resources: Vec<Resource>) -> MonitorEvent {
        let resources: Vec<Arc<Resource>> = resources.into_iter().map(Arc::new).collect();
        let served = Arc::new(Kinds::of(&resources));
        let wanted: HashMap<Key, Arc<Resource>> = resources
            .into_iter()
            .filter(|one| is_followed(one))
            .map(|one| (key(&one), one))
            .collect();
        let obsolete =
            |key: &Key, one: &mut Followed| wanted.get(key).is_none_or(|now| **now != *one.resource);
        let ended: Vec<(Key, Followed)> = self.followed.extract_if(obsolete).collect();
        for (key, one) in &ended {
            one.stop.cancel();
            self.unlisted.remove(key);
            debug!(kind = &*one.resource.kind, "no longer collected");
        }
        for (key, resource) in wanted {
            if !self.followed.contains_key(&key) {
                self.follow(key, resource);
            }
        }
        self.discovered = true;
        MonitorEvent::Kinds {
            served,
            ended: ended.into_iter().map(|(_, one)| one.resource).collect(),
        }
    }

    fn follow(&mut self, key: Key, resource: Arc<Resource>) {
        let stop = self.stop.child_token();
        let (sender, kind) = (self.sender.clone(), resource.clone());
        follow_metadata(self.client.clone(), &resource, stop.clone(), move |feed| {
            // The receiver is only gone when the collector is.
            let _ = sender.send((kind.clone(), feed));
        });
        self.unlisted.insert(key.clone());
        self.followed.insert(key, Followed { resource, stop });
    }
}

impl Source for Monitors {
    type Change = MonitorEvent;

    async fn next(&mut self) -> Vec<MonitorEvent> {
        let event = tokio::select! {
            // Kinds before updates: the owners of an object can be found only where their kinds are known.
            biased;
            resources = self.discovery.next() => self.refresh(resources),
            Some(update) = self.receiver.recv() => {
                self.observe(&update);
                MonitorEvent::ObjectUpdate(update)
            }
        };
        self.synced |= self.discovered && self.unlisted.is_empty();
        vec![event]
    }

    /// Whether the objects of all kinds that existed at the start have come.
    fn is_synced(&self) -> bool {
        self.synced
    }
}

fn key(resource: &Resource) -> Key {
    (resource.group.clone(), resource.plural.clone())
}

/// Events own nothing and are owned by nothing, but there are many.
fn is_followed(resource: &Resource) -> bool {
    let verbs = ["delete", "list", "watch"];
    *resource.plural != *"events" && verbs.iter().all(|verb| resource.can(verb))
}
