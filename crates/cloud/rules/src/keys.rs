//! Names of labels, annotations and taints. They are K3s': agents and users of K3s write and read them.

/// Annotation: addresses inside the cluster's network, separated by commas. The label of that name holds a
/// single address.
pub const INTERNAL_IP: &str = "k3s.io/internal-ip";
/// Annotation: addresses that reach the node from outside, separated by commas. The label of that name holds
/// a single address.
pub const EXTERNAL_IP: &str = "k3s.io/external-ip";
/// Annotation: DNS names inside the cluster's network, separated by commas.
pub const INTERNAL_DNS: &str = "k3s.io/internal-dns";
/// Annotation: DNS names that reach the node from outside, separated by commas.
pub const EXTERNAL_DNS: &str = "k3s.io/external-dns";
/// Annotation, or label: the operating system's host name.
pub const HOSTNAME: &str = "k3s.io/hostname";

/// Annotation of the kubelet: the addresses that it was told to use (`--node-ip`), separated by commas.
pub(crate) const PROVIDED_NODE_IP: &str = "alpha.kubernetes.io/provided-node-ip";
/// Taint of the kubelet: a cloud provider has not initialised the node yet.
pub const UNINITIALIZED: &str = "node.cloudprovider.kubernetes.io/uninitialized";

/// Provider IDs begin with the provider's name.
pub(crate) const PROVIDER: &str = "k3s://";
/// The instance type of a node without a label for it.
pub(crate) const INSTANCE_TYPE: &str = "k3s";

/// Labels of the instance type: today's, and the one before.
pub(crate) const INSTANCE_TYPE_LABELS: [&str; 2] = [
    "node.kubernetes.io/instance-type",
    "beta.kubernetes.io/instance-type",
];
/// Labels of the zone: today's, and the one before.
pub(crate) const ZONE_LABELS: [&str; 2] = [
    "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/zone",
];
/// Labels of the region: today's, and the one before.
pub(crate) const REGION_LABELS: [&str; 2] = [
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/region",
];
