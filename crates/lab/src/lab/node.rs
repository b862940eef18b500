//! A node of a running lab.

use std::net::IpAddr;

use tokio_util::sync::CancellationToken;

use crate::kubelet::Kubelet;
use crate::place::Place;

/// A node.
pub(super) struct LabNode {
    pub(super) number: u16,
    pub(super) kubelet: Kubelet,
    pub(super) place: Place,
    pub(super) external: Vec<IpAddr>,
    /// Cancelled when the node serves all Services; absent where somebody else does.
    pub(super) served: Option<CancellationToken>,
}
