//! What is known of the demo beforehand, by its own settings and by `examples/cluster`.

/// Name of the demo's lab.
pub(super) const NAME: &str = "demo";
/// Where the first node's NodePort is, and its Ingress.
pub(super) const NODE: &str = "node-1";
/// `port` of the sample's Service, which load balancers serve.
pub(super) const BALANCED_PORT: u16 = 8081;
/// `nodePort` of the sample's Service.
pub(super) const NODE_PORT: u16 = 30080;
