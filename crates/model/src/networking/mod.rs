//! Kinds of the group networking.k8s.io.

mod ingress;
mod ingress_class;
mod network_policy;

pub use ingress::{
    Ingress, IngressBackend, IngressPath, IngressRule, IngressServiceBackend, IngressStatus, IngressTls,
    PathType, ServiceBackendPort,
};
pub use ingress_class::{IngressClass, IngressClassSpec};
pub use network_policy::{IpBlock, NetworkPolicy, PolicyPeer, PolicyPort, PolicyRule, PortReference};
