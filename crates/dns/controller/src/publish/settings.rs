//! What a server publishes, and for how long it is believed in.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// What a server publishes.
#[derive(Clone, Debug)]
pub struct PublishSettings {
    /// ClusterIP of the Service.
    pub cluster_address: IpAddr,
    /// Where the cluster reaches this server; those count that are of a family of the Service, or all if none
    /// is.
    pub endpoints: Vec<SocketAddr>,
    /// Name of this process, for people who read its Lease.
    pub instance: String,
    /// How long a server that is not heard of counts as alive. `None` where this is the only server: what
    /// others left is removed at once.
    pub lifetime: Option<Duration>,
    /// How often a server is heard of; several times within a lifetime.
    pub renewal: Duration,
}

impl PublishSettings {
    /// For one of several servers.
    pub fn new(cluster_address: IpAddr, endpoints: Vec<SocketAddr>, instance: String) -> Self {
        Self {
            cluster_address,
            endpoints,
            instance,
            lifetime: Some(Duration::from_secs(15)),
            renewal: Duration::from_secs(5),
        }
    }
}
