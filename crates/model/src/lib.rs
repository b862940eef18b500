//! Plain shared types of Kinglet.
//!
//! The Kubernetes objects that the services watch, reduced to the fields they use ([`object`] and one folder
//! per API group), the names by which objects refer to each other ([`ObjectName`]), label and field
//! selectors, and the well-known names of labels and annotations.
//!
//! In: JSON of the Kubernetes API. Out: values that every pure core takes.
//!
//! Invariant: knows no client, no runtime, no I/O and no service. Decoding tolerates unknown fields and
//! missing optional ones, so that an object written by a newer API server is still understood.

mod condition;
mod core;
mod discovery;
mod field_selector;
mod name;
mod networking;
pub mod object;
mod policy;
mod selector;
pub mod wellknown;

pub use self::core::{
    HostPort, IpFamily, LoadBalancerIngress, NamedOrNumber, NamedPort, Namespace, Node, NodeAddress,
    NodeCondition, Pod, PortStatus, Protocol, Secret, Service, ServicePort, ServiceType, Taint,
    TrafficPolicy,
};
pub use condition::Condition;
pub use discovery::{AddressType, Endpoint, EndpointConditions, EndpointHints, EndpointPort, EndpointSlice};
pub use field_selector::{FieldSelector, FieldSelectorError, FieldTerm};
pub use name::ObjectName;
pub use networking::{
    Ingress, IngressBackend, IngressClass, IngressClassSpec, IngressPath, IngressRule, IngressServiceBackend,
    IngressStatus, IngressTls, IpBlock, NetworkPolicy, PathType, PolicyPeer, PolicyPort, PolicyRule,
    PortReference, ServiceBackendPort,
};
pub use object::{Meta, Object};
pub use policy::{
    ClusterNetworkPolicy, ClusterPeer, ClusterPorts, ClusterProtocol, ClusterRule, DestinationPort,
    NamespacedPods, PortRange, Unknown,
};
pub use selector::{InvalidValue, LabelRule, Requirement, Selector, SelectorError};
