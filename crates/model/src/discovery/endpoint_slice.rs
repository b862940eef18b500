//! EndpointSlice (discovery.k8s.io/v1).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::core::Protocol;
use crate::name::ObjectName;
use crate::object::{Meta, nullable, object};
use crate::wellknown;

/// An EndpointSlice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EndpointSlice {
    /// Name, labels; the label `kubernetes.io/service-name` names the Service.
    pub metadata: Meta,
    /// Family of all addresses of the slice.
    pub address_type: AddressType,
    /// The endpoints.
    #[serde(deserialize_with = "nullable")]
    pub endpoints: Vec<Endpoint>,
    /// The ports that every endpoint of the slice serves.
    #[serde(deserialize_with = "nullable")]
    pub ports: Vec<EndpointPort>,
}

object!(
    EndpointSlice,
    "discovery.k8s.io",
    "v1",
    "EndpointSlice",
    "endpointslices",
    true
);

impl EndpointSlice {
    /// The Service that owns the slice, by its label.
    pub fn service(&self) -> Option<ObjectName> {
        let name = self.metadata.label(wellknown::LABEL_SERVICE_NAME)?;
        Some(ObjectName {
            namespace: self.metadata.namespace.clone(),
            name: name.into(),
        })
    }
}

/// Family of a slice's addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AddressType {
    /// IPv4 addresses.
    #[default]
    IPv4,
    /// IPv6 addresses.
    IPv6,
    /// Host names (deprecated).
    #[serde(rename = "FQDN")]
    Fqdn,
    /// A type that this version does not know.
    #[serde(other)]
    Unknown,
}

/// One endpoint of a slice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Endpoint {
    /// Addresses; consumers use the first (the API allows more, but nobody writes them).
    #[serde(deserialize_with = "nullable")]
    pub addresses: Vec<Arc<str>>,
    /// State.
    #[serde(deserialize_with = "nullable")]
    pub conditions: EndpointConditions,
    /// Host name within the Service's DNS zone.
    pub hostname: Option<Arc<str>>,
    /// Node of the endpoint.
    pub node_name: Option<Arc<str>>,
    /// Topology zone of the endpoint.
    pub zone: Option<Arc<str>>,
    /// Who should use the endpoint.
    #[serde(deserialize_with = "nullable")]
    pub hints: EndpointHints,
    /// Name of the Pod behind the endpoint.
    #[serde(rename = "targetRef", deserialize_with = "target")]
    pub target: Option<ObjectName>,
}

/// `hints` of an endpoint: who should use it, if all endpoints have hints.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EndpointHints {
    /// `forZones`: names of topology zones.
    #[serde(deserialize_with = "names")]
    pub for_zones: Vec<Arc<str>>,
    /// `forNodes`: names of nodes.
    #[serde(deserialize_with = "names")]
    pub for_nodes: Vec<Arc<str>>,
}

/// `conditions` of an endpoint; absent values have their documented meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct EndpointConditions {
    ready: Option<bool>,
    serving: Option<bool>,
    terminating: Option<bool>,
}

impl EndpointConditions {
    /// Conditions as an API server would send them.
    pub fn new(ready: Option<bool>, serving: Option<bool>, terminating: Option<bool>) -> Self {
        Self {
            ready,
            serving,
            terminating,
        }
    }

    /// Ready for traffic; absent means yes.
    pub fn ready(&self) -> bool {
        self.ready.unwrap_or(true)
    }

    /// Able to serve, even while terminating; absent means the same as `ready`.
    pub fn serving(&self) -> bool {
        self.serving.unwrap_or_else(|| self.ready())
    }

    /// Being deleted; absent means no.
    pub fn terminating(&self) -> bool {
        self.terminating.unwrap_or(false)
    }
}

/// One port of a slice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EndpointPort {
    /// Name of the Service port; empty for an unnamed one.
    #[serde(deserialize_with = "nullable")]
    pub name: Arc<str>,
    /// Transport protocol.
    #[serde(deserialize_with = "nullable")]
    pub protocol: Protocol,
    /// Port number; absent means all ports, which no consumer of ours can use.
    pub port: Option<u16>,
    /// `appProtocol`.
    pub app_protocol: Option<Arc<str>>,
}

fn names<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Arc<str>>, D::Error> {
    #[derive(Deserialize)]
    struct Named {
        name: Arc<str>,
    }
    let named: Vec<Named> = nullable(deserializer)?;
    Ok(named.into_iter().map(|named| named.name).collect())
}

fn target<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<ObjectName>, D::Error> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Reference {
        kind: String,
        namespace: Arc<str>,
        name: Arc<str>,
    }
    let reference = Option::<Reference>::deserialize(deserializer)?;
    Ok(reference
        .filter(|reference| reference.kind == "Pod")
        .map(|reference| ObjectName {
            namespace: reference.namespace,
            name: reference.name,
        }))
}
