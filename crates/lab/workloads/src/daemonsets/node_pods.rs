//! The nodes of a DaemonSet and its Pods on them.

use std::sync::Arc;

use crate::objects::Pod;
use crate::template::LABEL_REVISION_HASH;

/// A node with the Pods of a DaemonSet on it, the oldest first.
#[derive(Debug)]
pub(super) struct NodePods {
    pub(super) node: Arc<str>,
    pub(super) pods: Vec<Arc<Pod>>,
    /// Whether it should get a Pod.
    pub(super) should_run: bool,
    /// Whether it may keep a Pod that it has.
    pub(super) may_continue: bool,
}

impl NodePods {
    /// Pods that run, or will, of the present template or of others.
    pub(super) fn active(&self, hash: &str, present: bool) -> Vec<&Arc<Pod>> {
        let pods = self.pods.iter().filter(|pod| pod.is_active());
        pods.filter(|pod| is_present(pod, hash) == present).collect()
    }
}

/// Whether a Pod has the present template.
pub(super) fn is_present(pod: &Pod, hash: &str) -> bool {
    pod.metadata.label(LABEL_REVISION_HASH) == Some(hash)
}
