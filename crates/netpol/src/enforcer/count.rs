//! What the kernel counts.

use std::net::IpAddr;
use std::sync::Arc;

use kinglet_policy::Direction;

/// Packets that a pod was denied, since the kernel began to count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeniedCount {
    pub(crate) direction: Direction,
    pub(crate) pod: IpAddr,
    /// The pod's namespace, if it is known.
    pub(crate) namespace: Option<Arc<str>>,
    pub(crate) packets: u64,
}
