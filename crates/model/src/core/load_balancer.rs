//! Where a load balancer is reached: in the status of Services and of Ingresses.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::protocol::Protocol;
use crate::object::nullable;

/// An entry of `status.loadBalancer.ingress` of Services and Ingresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct LoadBalancerIngress {
    /// Address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<Arc<str>>,
    /// Host name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<Arc<str>>,
    /// `ipMode` of a Service's address: `Proxy` if a load balancer takes the traffic; absent or `VIP` if
    /// nodes get packets for the address.
    #[serde(rename = "ipMode", skip_serializing_if = "Option::is_none")]
    pub ip_mode: Option<Arc<str>>,
    /// The ports that are served at the address.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<PortStatus>,
}

/// An entry of `ports` of a [`LoadBalancerIngress`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct PortStatus {
    /// Transport protocol.
    pub protocol: Protocol,
    /// Port number.
    pub port: u16,
}
