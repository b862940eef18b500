//! Kinds of the group policy.networking.k8s.io, which need not be served.

mod cluster_network_policy;

pub use cluster_network_policy::{
    ClusterNetworkPolicy, ClusterPeer, ClusterPorts, ClusterProtocol, ClusterRule, DestinationPort,
    NamespacedPods, PortRange, Unknown,
};
