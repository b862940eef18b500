//! Watches of the metadata of all kinds that discovery names.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use kinglet_kube::{Client, Feed, Resource, follow_metadata};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::discovery::Discovery;
use super::graph::News;

/// Group and plural name: all versions of a kind show the same objects.
type Key = (Arc<str>, Arc<str>);

/// All kinds, found as owner references name them.
#[derive(Debug, Default)]
pub(super) struct Kinds(HashMap<Key, Arc<Resource>>);

impl Kinds {
    /// The kind of a group.
    pub(super) fn find(&self, group: &str, kind: &str) -> Option<&Arc<Resource>> {
        self.0.get(&(group.into(), kind.into()))
    }
}

pub(super) struct Monitors {
    client: Client,
    stop: CancellationToken,
    discovery: Discovery,
    discovered: bool,
    kinds: Kinds,
    followed: HashMap<Key, Followed>,
    /// Kinds whose first list has not come.
    unlisted: HashSet<Key>,
    sender: UnboundedSender<News>,
    receiver: UnboundedReceiver<News>,
}

struct Followed {
    resource: Arc<Resource>,
    stop: CancellationToken,
}

/// What the monitors see.
pub(super) enum Sight {
    /// News of objects.
    News(News),
    /// Kinds that are no longer served.
    Ended(Vec<Arc<Resource>>),
}

impl Monitors {
    pub(super) fn new(client: Client, stop: CancellationToken) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        Self {
            discovery: Discovery::start(client.clone(), stop.clone()),
            client,
            stop,
            discovered: false,
            kinds: Kinds::default(),
            followed: HashMap::new(),
            unlisted: HashSet::new(),
            sender,
            receiver,
        }
    }

    pub(super) fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    /// Whether the objects of all kinds that existed at the start have come.
    pub(super) fn synced(&self) -> bool {
        self.discovered && self.unlisted.is_empty()
    }

    /// What there is to see next.
    pub(super) async fn next(&mut self) -> Sight {
        tokio::select! {
            biased;
            resources = self.discovery.next() => Sight::Ended(self.refresh(resources)),
            Some(news) = self.receiver.recv() => {
                self.observe(&news);
                Sight::News(news)
            }
        }
    }

    /// Keeps track of first lists, and of definitions that change what discovery names; a list may already
    /// show less than discovery did.
    fn observe(&mut self, (resource, feed): &News) {
        if matches!(feed, Feed::Listed(_)) {
            self.unlisted.remove(&key(resource));
        }
        if *resource.kind == *"CustomResourceDefinition" {
            self.discovery.hurry();
        }
    }

    /// Follows exactly the kinds that are served now; answers those that are not any more.
    fn refresh(&mut self, resources: Vec<Resource>) -> Vec<Arc<Resource>> {
        let resources: Vec<Arc<Resource>> = resources.into_iter().map(Arc::new).collect();
        let by_kind = |one: &Arc<Resource>| ((one.group.clone(), one.kind.clone()), one.clone());
        self.kinds = Kinds(resources.iter().map(by_kind).collect());
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
        ended.into_iter().map(|(_, one)| one.resource).collect()
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

fn key(resource: &Resource) -> Key {
    (resource.group.clone(), resource.plural.clone())
}

/// Events own nothing and are owned by nothing, but there are many.
fn is_followed(resource: &Resource) -> bool {
    let verbs = ["delete", "list", "watch"];
    *resource.plural != *"events" && verbs.iter().all(|verb| resource.can(verb))
}
