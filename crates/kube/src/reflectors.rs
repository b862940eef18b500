//! The kinds that a process watches.

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kinglet_model::Object;
use kube::Client;
use tokio_util::sync::CancellationToken;

use crate::Reflector;
use crate::pulse::Pulse;

/// A kind that is watched, as RBAC rules name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind {
    /// API group, empty for the core group.
    pub group: &'static str,
    /// Plural name.
    pub plural: &'static str,
}

impl Kind {
    /// The kind of a type.
    pub const fn of<K: Object>() -> Self {
        Self {
            group: K::GROUP,
            plural: K::PLURAL,
        }
    }
}

/// The reflectors of a process: each kind is decoded once and shared by all components, and watched only from
/// the moment when a component asks for it. Cheap to clone; clones share the reflectors.
#[derive(Clone)]
pub struct Reflectors {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Reflectors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Reflectors").field(&self.kinds()).finish()
    }
}

struct Shared {
    client: Client,
    stop: CancellationToken,
    started: Mutex<HashMap<TypeId, Started>>,
}

struct Started {
    kind: Kind,
    pulse: Pulse,
    /// The `Reflector<K>` of the type that is the key.
    reflector: Box<dyn Any + Send>,
}

impl Reflectors {
    /// Watches nothing yet. The reflectors run until `stop` is cancelled.
    pub fn new(client: Client, stop: CancellationToken) -> Self {
        Self {
            shared: Arc::new(Shared {
                client,
                stop,
                started: Mutex::default(),
            }),
        }
    }

    /// The reflector of a kind.
    pub fn of<K: Object>(&self) -> Reflector<K> {
        self.get_or_start(Reflector::spawn)
    }

    /// The reflector of a kind that need not be there ([`Reflector::spawn_optional`]).
    pub fn optional<K: Object>(&self) -> Reflector<K> {
        self.get_or_start(Reflector::spawn_optional)
    }

    /// The client that the reflectors ask.
    pub fn client(&self) -> &Client {
        &self.shared.client
    }

    /// The kinds that are watched by now. What a component declares and what it watches are compared with it.
    pub fn kinds(&self) -> BTreeSet<Kind> {
        self.started().values().map(|one| one.kind).collect()
    }

    /// How long ago something was heard from the API server about each kind: a list, a change, or a bookmark,
    /// which it sends about once a minute. Two types of one kind are told by the older of their watches.
    pub(crate) fn ages(&self) -> BTreeMap<Kind, Duration> {
        let mut ages = BTreeMap::new();
        for one in self.started().values() {
            let age = ages.entry(one.kind).or_insert(Duration::ZERO);
            *age = one.pulse.age().max(*age);
        }
        ages
    }

    /// The kinds of which nothing was heard for longer than this, by their plural names.
    pub fn silent(&self, longer_than: Duration) -> Vec<&'static str> {
        let ages = self.ages().into_iter();
        let silent = ages.filter(|(_, age)| *age > longer_than);
        silent.map(|(kind, _)| kind.plural).collect()
    }

    fn get_or_start<K: Object>(
        &self,
        start: impl FnOnce(Client, CancellationToken) -> Reflector<K>,
    ) -> Reflector<K> {
        let mut started = self.started();
        let known = started.get(&TypeId::of::<K>());
        if let Some(reflector) = known.and_then(|one| one.reflector.downcast_ref::<Reflector<K>>()) {
            return reflector.clone();
        }
        let reflector = start(self.shared.client.clone(), self.shared.stop.clone());
        let entry = Started {
            kind: Kind::of::<K>(),
            pulse: reflector.pulse(),
            reflector: Box::new(reflector.clone()),
        };
        started.insert(TypeId::of::<K>(), entry);
        reflector
    }

    fn started(&self) -> MutexGuard<'_, HashMap<TypeId, Started>> {
        // A panic cannot leave the map half-changed: it is one insertion.
        self.shared.started.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use http::{Request, Response};
    use http_body_util::Full;
    use kinglet_model::{Namespace, Node};

    use super::*;

    #[tokio::test]
    async fn a_kind_is_watched_once_and_only_when_it_is_asked_for() {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        let client = crate::in_process(move |request: Request<kube::client::Body>| {
            seen.lock().unwrap().push(request.uri().path().to_owned());
            std::future::pending::<Response<Full<bytes::Bytes>>>()
        });
        let reflectors = Reflectors::new(client, CancellationToken::new());
        assert!(reflectors.kinds().is_empty());
        let (first, second) = (reflectors.of::<Node>(), reflectors.of::<Node>());
        first.take(crate::Feed::Applied(Node::default()));
        assert!(
            second.get(&Node::default().object_name()).is_some(),
            "both are the same cache"
        );
        assert_eq!(reflectors.kinds(), BTreeSet::from([Kind::of::<Node>()]));
        assert!(!reflectors.kinds().contains(&Kind::of::<Namespace>()));
        while requests.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(*requests.lock().unwrap(), ["/api/v1/nodes"]);
    }
}
