//! Names of labels, annotations and finalizers. Those with `k3s.cattle.io` are K3s' own, so that clusters can
//! change over and back.

/// Label of a Node. If any Node has it, only those with the value `true` serve load balancers.
pub const LABEL_ENABLE: &str = "svccontroller.k3s.cattle.io/enablelb";
/// Label of a Node and of a Service: the pool of nodes.
pub const LABEL_POOL: &str = "svccontroller.k3s.cattle.io/lbpool";
/// Before the name of a pool: label of a Node that is in the pool if the value is `true`. A Node can be in
/// several.
pub const LABEL_POOL_PREFIX: &str = "lbpool.svccontroller.k3s.cattle.io/";
/// Label of a Node: it serves no load balancers, whatever the value.
pub(crate) const LABEL_EXCLUDE: &str = "node.kubernetes.io/exclude-from-external-load-balancers";
/// Label of a DaemonSet: whether nodes are selected. Its presence marks the DaemonSets of load balancers.
pub const LABEL_NODE_SELECTOR: &str = "svccontroller.k3s.cattle.io/nodeselector";
/// Label of a DaemonSet and of its Pods: name of the Service.
pub const LABEL_SERVICE_NAME: &str = "svccontroller.k3s.cattle.io/svcname";
/// Label of a DaemonSet and of its Pods: namespace of the Service.
pub const LABEL_SERVICE_NAMESPACE: &str = "svccontroller.k3s.cattle.io/svcnamespace";
/// Annotation of a Service: priority class of the Pods of its DaemonSet; none if empty.
pub(crate) const ANNOTATION_PRIORITY_CLASS: &str = "svccontroller.k3s.cattle.io/priorityclassname";
/// Annotation of a Service: more tolerations, a list in JSON or YAML.
pub const ANNOTATION_TOLERATIONS: &str = "svccontroller.k3s.cattle.io/tolerations";
/// Finalizer of a Service that has a load balancer.
pub const FINALIZER: &str = "service.kubernetes.io/load-balancer-cleanup";
/// Finalizer that old versions of K3s left on Services.
pub const FINALIZER_LEGACY: &str = "svccontroller.k3s.cattle.io/daemonset";

/// Annotation of a Node: the ports that processes of the node listen on, as [`HostPorts`](crate::HostPorts)
/// writes them. A Node that has it has an agent whose data plane serves load balancers.
pub const ANNOTATION_HOST_PORTS: &str = "kinglet.dev/servicelb-host-ports";
/// Annotation of a Node: which load balancers the kernel has rules for, as
/// [`KernelReport`](crate::KernelReport) writes it. Before rules go this does.
pub const ANNOTATION_SERVING: &str = "kinglet.dev/servicelb-serving";
/// Annotation of a Node: the Services of its share whose rules the kernel refused.
pub const ANNOTATION_REFUSED: &str = "kinglet.dev/servicelb-refused";
/// Condition of a Service, which also marks `status.loadBalancer` as ours.
pub const CONDITION: &str = "kinglet.dev/LoadBalancerReady";
/// Condition of a Service, `False`: a load balancer of an older one has ports of nodes that it claims, too.
pub const CONDITION_PORTS: &str = "kinglet.dev/PortsAvailable";
/// Annotation of a DaemonSet: from what it was made.
pub(crate) const ANNOTATION_HASH: &str = "kinglet.dev/servicelb-hash";

/// Name of the ServiceAccount of the Pods of DaemonSets.
pub const SERVICE_ACCOUNT: &str = "svclb";
