//! Many watched kinds as one stream of changes.

use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use kinglet_model::Object;
use kinglet_telemetry::{Lag, Pending};
use tokio::sync::Notify;

use crate::Reflector;
use crate::controller::Source;
use crate::reflector::{Change, Notice};

/// Changes of all kinds that a component watches, in the order in which this process learnt of them, the
/// objects that exist at the start first. `C` is the component's own type of change.
///
/// ```no_run
/// use kinglet_kube::{Change, Inputs, Reflectors};
/// use kinglet_model::{Node, Pod};
///
/// enum Input {
///     Pod(Change<Pod>),
///     Node(Change<Node>),
/// }
///
/// # async fn example(reflectors: Reflectors) {
/// let mut inputs = Inputs::new();
/// inputs.watch(&reflectors.of::<Pod>(), Input::Pod);
/// inputs.watch(&reflectors.of::<Node>(), Input::Node);
/// loop {
///     let changes = inputs.next().await;
///     if inputs.is_synced() {
///         // All objects that existed at the start are known.
///     }
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Inputs<C> {
    waiting: Arc<Waiting<C>>,
    /// The changes that were given last.
    given: Option<Pending>,
    lag: Lag,
    /// Kinds whose first list has not been given.
    unsynced: usize,
}

/// What has not been given.
#[derive(Debug)]
struct Waiting<C> {
    // Unbounded, because a reflector sends under its lock and must not wait for a slow component: the objects
    // are shared, so that a long queue costs pointers only.
    queue: Mutex<Queue<C>>,
    arrived: Notify,
}

#[derive(Debug)]
struct Queue<C> {
    changes: Vec<C>,
    /// Since the first of the changes came.
    pending: Option<Pending>,
    /// Kinds whose first list has ended.
    synced: usize,
}

impl<C> Default for Queue<C> {
    fn default() -> Self {
        Self {
            changes: Vec::new(),
            pending: None,
            synced: 0,
        }
    }
}

impl<C> Queue<C> {
    fn push(&mut self, change: C, lag: &Lag) {
        self.changes.push(change);
        self.pending.get_or_insert_with(|| lag.begin());
    }
}

impl<C> Waiting<C> {
    fn queue(&self) -> MutexGuard<'_, Queue<C>> {
        // A panic cannot leave it half-changed: only allocation can fail.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Send + 'static> Default for Inputs<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Send + 'static> Inputs<C> {
    /// Watches nothing yet.
    pub fn new() -> Self {
        Self::measured(Lag::default())
    }

    /// The same, and `lag` is how long the oldest change has waited. What [`next`](Self::next) gave counts as
    /// waiting until it is called again; a component that works on it for longer takes it over by
    /// [`pending`](Self::pending).
    pub fn measured(lag: Lag) -> Self {
        let waiting = Waiting {
            queue: Mutex::default(),
            arrived: Notify::new(),
        };
        Self {
            waiting: Arc::new(waiting),
            given: None,
            lag,
            unsynced: 0,
        }
    }

    /// Adds a kind: all its present objects, then each change; `change` makes the component's own type of
    /// them.
    pub fn watch<K: Object>(
        &mut self,
        kind: &Reflector<K>,
        change: impl Fn(Change<K>) -> C + Send + 'static,
    ) {
        self.unsynced += 1;
        let (waiting, lag) = (Arc::downgrade(&self.waiting), self.lag.clone());
        kind.notify(move |notice| {
            let Some(waiting) = Weak::upgrade(&waiting) else {
                return false;
            };
            match notice {
                // Under one lock: what changed together is given together.
                Notice::Changed(changes) => {
                    let mut queue = waiting.queue();
                    changes.into_iter().for_each(|one| queue.push(change(one), &lag));
                }
                Notice::Synced => waiting.queue().synced += 1,
            }
            // Kept for the next wait if nobody waits now.
            waiting.arrived.notify_one();
            true
        });
    }

    /// Waits for a change, and gives it with all others that are there already, so that a burst is worked on
    /// once. Empty when no object came but a first list ended. Cancel-safe; waits for ever when nothing
    /// changes any more.
    pub async fn next(&mut self) -> Vec<C> {
        // The caller has worked on them.
        self.given = None;
        loop {
            if let Some(changes) = self.take() {
                return changes;
            }
            self.waiting.arrived.notified().await;
        }
    }

    /// What [`next`](Self::next) gave last; it waits until this is dropped.
    pub fn pending(&mut self) -> Option<Pending> {
        self.given.take()
    }

    /// Whether all objects that existed at the start have been given.
    pub fn is_synced(&self) -> bool {
        self.unsynced == 0
    }

    /// What waits, if something does.
    fn take(&mut self) -> Option<Vec<C>> {
        let mut queue = self.waiting.queue();
        if queue.changes.is_empty() && queue.synced == 0 {
            return None;
        }
        self.given = queue.pending.take();
        self.unsynced = self.unsynced.saturating_sub(take(&mut queue.synced));
        Some(take(&mut queue.changes))
    }
}

impl<C: Send + 'static> Source for Inputs<C> {
    type Change = C;

    async fn next(&mut self) -> Vec<C> {
        Self::next(self).await
    }

    fn is_synced(&self) -> bool {
        Self::is_synced(self)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kinglet_model::{Meta, Namespace, Node};
    use tokio::time::timeout;

    use super::*;
    use crate::feed::Feed;

    fn names(changes: Vec<String>) -> String {
        changes.join(" ")
    }

    fn text<K: Object>(kind: &str, change: Change<K>) -> String {
        let sign = if matches!(change, Change::Applied(_)) {
            '+'
        } else {
            '-'
        };
        let name = change.name().name;
        format!(
            "{sign}{kind}/{name}{}",
            if change.now().is_some() { "!" } else { "" }
        )
    }

    fn meta(name: &str, version: &str) -> Meta {
        Meta {
            name: name.into(),
            resource_version: version.into(),
            ..Meta::default()
        }
    }

    fn namespace(name: &str, version: &str) -> Namespace {
        Namespace {
            metadata: meta(name, version),
        }
    }

    fn node(name: &str) -> Node {
        Node {
            metadata: meta(name, "1"),
            ..Node::default()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn changes_of_several_kinds_keep_their_order() {
        let (namespaces, nodes) = (Reflector::<Namespace>::default(), Reflector::<Node>::default());
        namespaces.take(Feed::Listed(vec![namespace("early", "1")]));
        let mut inputs = Inputs::new();
        inputs.watch(&namespaces, |change| text("ns", change));
        inputs.watch(&nodes, |change| text("node", change));
        assert!(!inputs.is_synced());
        assert_eq!(names(inputs.next().await), "+ns/early!");
        assert!(!inputs.is_synced(), "nodes have not been listed");

        nodes.take(Feed::Listed(Vec::new()));
        assert_eq!(
            names(inputs.next().await),
            "",
            "the end of a list is told without a change"
        );
        assert!(inputs.is_synced());

        nodes.take(Feed::Applied(node("n")));
        namespaces.take(Feed::Applied(namespace("a", "2")));
        nodes.take(Feed::Deleted(node("n")));
        namespaces.take(Feed::Applied(namespace("b", "3")));
        assert_eq!(names(inputs.next().await), "+node/n! +ns/a! -node/n +ns/b!");
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_wait_loses_nothing() {
        let nodes = Reflector::<Node>::default();
        let mut inputs = Inputs::new();
        inputs.watch(&nodes, |change| text("node", change));
        let waited = timeout(Duration::from_secs(1), inputs.next()).await;
        assert!(waited.is_err(), "nothing has changed");
        nodes.take(Feed::Applied(node("n")));
        assert_eq!(names(inputs.next().await), "+node/n!");
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_waits_until_the_next_are_asked_for_or_longer() {
        let seconds = |seconds| tokio::time::advance(Duration::from_secs(seconds));
        let (nodes, lag) = (Reflector::<Node>::default(), Lag::default());
        let mut inputs = Inputs::measured(lag.clone());
        inputs.watch(&nodes, |change| text("node", change));
        nodes.take(Feed::Applied(node("a")));
        seconds(1).await;
        assert_eq!(lag.age(), Duration::from_secs(1), "nobody has taken it");
        assert_eq!(inputs.next().await.len(), 1);
        nodes.take(Feed::Applied(node("b")));
        seconds(2).await;
        assert_eq!(lag.age(), Duration::from_secs(3), "the first is worked on");
        assert_eq!(inputs.next().await.len(), 1);
        assert_eq!(lag.age(), Duration::from_secs(2), "the first is done");
        let pending = inputs.pending();
        let waited = timeout(Duration::from_secs(4), inputs.next()).await;
        assert!(waited.is_err(), "nothing has changed");
        assert_eq!(lag.age(), Duration::from_secs(6), "the second was taken over");
        drop(pending);
        assert_eq!(lag.age(), Duration::ZERO);
    }

    #[test]
    fn a_component_that_is_gone_is_forgotten() {
        let nodes = Reflector::<Node>::default();
        let mut inputs = Inputs::new();
        inputs.watch(&nodes, |change| text("node", change));
        assert_eq!(nodes.subscribers(), 1);
        drop(inputs);
        nodes.take(Feed::Applied(node("n")));
        assert_eq!(nodes.subscribers(), 0);
    }
}
