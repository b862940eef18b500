//! Plain shared types of Kinglet.
//!
//! The Kubernetes objects that the services watch, reduced to the fields they use ([`object`] and one file
//! per kind), the names by which objects refer to each other ([`ObjectName`]), label and field selectors, and
//! the well-known names of labels and annotations.
//!
//! In: JSON of the Kubernetes API. Out: values that every pure core takes.
//!
//! Invariant: knows no client, no runtime, no I/O and no service. Decoding tolerates unknown fields and
//! missing optional ones, so that an object written by a newer API server is still understood.

mod cluster_network_policy;
mod condition;
mod discovery;
mod field_selector;
mod ingress;
mod name;
mod namespace;
mod network_policy;
mod node;
pub mod object;
mod pod;
mod secret;
mod selector;
mod service;
pub mod wellknown;

pub use cluster_network_policy::{
    ClusterNetworkPolicy, ClusterPeer, ClusterPorts, ClusterProtocol, ClusterRule, DestinationPort,
    NamespacedPods, PortRange, Unknown,
};
pub use condition::Condition;
pub use discovery::{AddressType, Endpoint, EndpointConditions, EndpointHints, EndpointPort, EndpointSlice};
pub use field_selector::{FieldSelector, FieldSelectorError, FieldTerm};
pub use ingress::{
    Ingress, IngressBackend, IngressClass, IngressClassSpec, IngressPath, IngressRule, IngressServiceBackend,
    IngressStatus, IngressTls, LoadBalancerIngress, PathType, PortStatus, ServiceBackendPort,
};
pub use name::ObjectName;
pub use namespace::Namespace;
pub use network_policy::{IpBlock, NetworkPolicy, PolicyPeer, PolicyPort, PolicyRule, PortReference};
pub use node::{Node, NodeAddress, NodeCondition, Taint};
pub use object::{Meta, Object};
pub use pod::{HostPort, NamedPort, Pod};
pub use secret::Secret;
pub use selector::{Requirement, Selector, SelectorError};
pub use service::{IpFamily, NamedOrNumber, Protocol, Service, ServicePort, ServiceType, TrafficPolicy};
