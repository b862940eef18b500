//! The CNI plugin's requests: each waits until the kernel has the rules of a pod that is about to start.

use std::sync::Arc;

use kinglet_model::Pod;
use tokio::sync::{mpsc, oneshot};

/// Asks the agent to admit pods; cheap to clone.
#[derive(Clone, Debug)]
pub struct PodAdmission(mpsc::UnboundedSender<AdmissionRequest>);

/// The requests made through a [`PodAdmission`].
#[derive(Debug)]
pub struct AdmissionRequests(mpsc::UnboundedReceiver<AdmissionRequest>);

/// A pod with the addresses that it will have, which its status may not show yet.
#[derive(Debug)]
pub(crate) struct AdmissionRequest {
    pub(crate) pod: Arc<Pod>,
    pub(crate) admitted: oneshot::Sender<()>,
}

/// Nobody enforces policies on this node any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the network policy agent of this node has stopped; pods start again when it is back")]
pub struct AgentStopped;

impl PodAdmission {
    /// A channel to an agent.
    pub fn new() -> (Self, AdmissionRequests) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), AdmissionRequests(receiver))
    }

    /// Waits until the kernel has the rules for a pod with these addresses, and so for its first packet.
    ///
    /// # Errors
    /// The agent has ended.
    pub async fn admit(&self, pod: Arc<Pod>) -> Result<(), AgentStopped> {
        let (admitted, done) = oneshot::channel();
        let request = AdmissionRequest { pod, admitted };
        self.0.send(request).map_err(|_| AgentStopped)?;
        done.await.map_err(|_| AgentStopped)
    }
}

/// The next requests; never, if nobody can make any.
pub(crate) async fn next_requests(requests: &mut Option<AdmissionRequests>) -> Vec<AdmissionRequest> {
    let first = match requests {
        Some(requests) => requests.0.recv().await,
        None => None,
    };
    let (Some(first), Some(requests)) = (first, requests) else {
        return std::future::pending().await;
    };
    let mut all = vec![first];
    // Pods that start together share one commit.
    while let Ok(more) = requests.0.try_recv() {
        all.push(more);
    }
    all
}
