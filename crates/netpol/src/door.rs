//! Pods that are about to start ask whether their policies are in force.

use std::sync::Arc;

use kinglet_model::Pod;
use tokio::sync::{mpsc, oneshot};

/// Lets pods start; cheap to clone.
#[derive(Clone, Debug)]
pub struct Door(mpsc::UnboundedSender<Ask>);

/// What is asked at a [`Door`].
#[derive(Debug)]
pub struct Asks(pub(crate) mpsc::UnboundedReceiver<Ask>);

/// A pod with the addresses that it is to have, which its status may not tell yet.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) pod: Arc<Pod>,
    pub(crate) answer: oneshot::Sender<()>,
}

/// Nobody enforces policies any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("network policies are not followed")]
pub struct Closed;

impl Door {
    /// A door, and what is asked at it.
    pub fn new() -> (Self, Asks) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), Asks(receiver))
    }

    /// Waits until the kernel has the rules for a pod with these addresses, and so for its first packet.
    ///
    /// # Errors
    /// The agent has ended.
    pub async fn start(&self, pod: Arc<Pod>) -> Result<(), Closed> {
        let (answer, answered) = oneshot::channel();
        self.0.send(Ask { pod, answer }).map_err(|_| Closed)?;
        answered.await.map_err(|_| Closed)
    }
}

/// The pods that ask next; never, if none do.
pub(crate) async fn asked(asks: &mut Option<Asks>) -> Vec<Ask> {
    let first = match asks {
        Some(asks) => asks.0.recv().await,
        None => None,
    };
    let (Some(first), Some(asks)) = (first, asks) else {
        return std::future::pending().await;
    };
    let mut all = vec![first];
    while let Ok(more) = asks.0.try_recv() {
        all.push(more);
    }
    all
}
