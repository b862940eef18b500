//! Kinds of the core group (v1).

mod load_balancer;
mod namespace;
mod node;
mod pod;
mod protocol;
mod secret;
mod service;

pub use load_balancer::{LoadBalancerIngress, PortStatus};
pub use namespace::Namespace;
pub use node::{Node, NodeAddress, NodeCondition, Taint};
pub use pod::{HostPort, NamedPort, Pod};
pub use protocol::Protocol;
pub use secret::Secret;
pub use service::{IpFamily, NamedOrNumber, Service, ServicePort, ServiceType, TrafficPolicy};
