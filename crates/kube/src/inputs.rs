//! Many watched kinds as one stream of changes.

use kinglet_model::Object;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

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
    sender: UnboundedSender<Input<C>>,
    receiver: UnboundedReceiver<Input<C>>,
    /// Kinds whose first list has not been given.
    unsynced: usize,
}

#[derive(Debug)]
enum Input<C> {
    Change(C),
    /// The first list of a kind has ended.
    Synced,
}

impl<C: Send + 'static> Default for Inputs<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Send + 'static> Inputs<C> {
    /// Watches nothing yet.
    pub fn new() -> Self {
        // Unbounded, because a reflector sends under its lock and must not wait for a slow component: the
        // objects are shared, so that a long queue costs pointers only.
        let (sender, receiver) = unbounded_channel();
        Self {
            sender,
            receiver,
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
        let sender = self.sender.clone();
        kind.notify(move |notice| {
            let input = match notice {
                Notice::Changed(one) => Input::Change(change(one)),
                Notice::Synced => Input::Synced,
            };
            sender.send(input).is_ok()
        });
    }

    /// Waits for a change, and gives it with all others that are there already, so that a burst is worked on
    /// once. Empty when no object came but a first list ended. Cancel-safe; waits for ever when nothing
    /// changes any more.
    pub async fn next(&mut self) -> Vec<C> {
        let mut changes = Vec::new();
        // `self.sender` lives as long as the receiver: there is no end of the stream.
        if let Some(first) = self.receiver.recv().await {
            self.take(first, &mut changes);
        }
        // No await from here on: a change that was taken must not be lost when the future is dropped.
        while let Ok(input) = self.receiver.try_recv() {
            self.take(input, &mut changes);
        }
        changes
    }

    /// Whether all objects that existed at the start have been given.
    pub fn is_synced(&self) -> bool {
        self.unsynced == 0
    }

    fn take(&mut self, input: Input<C>, changes: &mut Vec<C>) {
        match input {
            Input::Change(change) => changes.push(change),
            Input::Synced => self.unsynced = self.unsynced.saturating_sub(1),
        }
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
