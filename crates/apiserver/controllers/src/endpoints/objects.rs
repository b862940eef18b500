//! The watched kinds, reduced to what decides about endpoints.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use kinglet_model::{Meta, Object, ObjectName, Protocol, ServicePort, ServiceType, wellknown};
use serde::{Deserialize, Deserializer, Serialize};

/// Labels or annotations.
pub(crate) type Map = BTreeMap<Box<str>, Box<str>>;

/// Reads `null` as the type's default: API servers write `null` for some empty fields.
pub(super) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Declares a namespaced kind.
macro_rules! namespaced {
    ($type:ty, $group:literal, $kind:literal, $plural:literal) => {
        impl Object for $type {
            const GROUP: &'static str = $group;
            const VERSION: &'static str = "v1";
            const KIND: &'static str = $kind;
            const PLURAL: &'static str = $plural;
            const NAMESPACED: bool = true;

            fn meta(&self) -> &Meta {
                &self.metadata
            }
        }
    };
}

namespaced!(Service, "", "Service", "services");
namespaced!(Pod, "", "Pod", "pods");
namespaced!(Slice, "discovery.k8s.io", "EndpointSlice", "endpointslices");
namespaced!(Endpoints, "", "Endpoints", "endpoints");

/// Address family of a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Family {
    #[serde(rename = "IPv4")]
    V4,
    #[serde(rename = "IPv6")]
    V6,
    /// Host names, or a family that is not known: no controller here writes such slices.
    #[serde(other)]
    Other,
}

impl Family {
    pub(crate) fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

/// A Service.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Service {
    pub(crate) metadata: Meta,
    pub(crate) spec: ServiceSpec,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ServiceSpec {
    pub(crate) r#type: ServiceType,
    pub(crate) selector: Option<Map>,
    pub(crate) ports: Vec<ServicePort>,
    #[serde(rename = "clusterIP")]
    pub(crate) cluster_ip: Box<str>,
    pub(crate) ip_families: Vec<Family>,
    pub(crate) publish_not_ready_addresses: bool,
    pub(crate) traffic_distribution: Option<Box<str>>,
}

impl Service {
    /// The labels that pods must have; `None` when the endpoints are somebody else's concern.
    pub(crate) fn selector(&self) -> Option<&Map> {
        self.spec
            .selector
            .as_ref()
            .filter(|selector| !selector.is_empty())
    }

    /// `clusterIP: None`, and what has no address yet: consumers must not look for one.
    pub(crate) fn is_headless(&self) -> bool {
        matches!(&*self.spec.cluster_ip, "None" | "")
    }

    /// The families in which the Service has endpoints, the primary one first.
    pub(crate) fn families(&self) -> Vec<Family> {
        if !self.spec.ip_families.is_empty() {
            return self.spec.ip_families.clone();
        }
        let address: Option<IpAddr> = self.spec.cluster_ip.parse().ok();
        vec![address.map_or(Family::V4, Family::of)]
    }
}

/// A Pod.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pod {
    pub(crate) metadata: Meta,
    pub(crate) node_name: Option<Arc<str>>,
    pub(crate) hostname: Box<str>,
    pub(crate) subdomain: Box<str>,
    /// Named ports of containers.
    pub(crate) ports: Vec<NamedPort>,
    /// All containers ended for good.
    pub(crate) finished: bool,
    /// Condition `Ready`.
    pub(crate) ready: bool,
    pub(crate) ips: Vec<IpAddr>,
}

impl Pod {
    /// Its address of a family.
    pub(crate) fn ip(&self, family: Family) -> Option<IpAddr> {
        self.ips.iter().copied().find(|ip| Family::of(*ip) == family)
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NamedPort {
    #[serde(default)]
    pub(crate) name: Box<str>,
    #[serde(default)]
    pub(crate) protocol: Protocol,
    pub(crate) container_port: u16,
}

/// An EndpointSlice.
#[derive(Clone, Debug)]
pub(crate) struct Slice {
    pub(crate) metadata: Meta,
    /// `uid` of the object that controls the slice.
    pub(crate) owner: Option<Arc<str>>,
    pub(crate) family: Family,
    pub(crate) endpoints: Vec<Endpoint>,
    /// In ascending order.
    pub(crate) ports: Vec<SlicePort>,
}

impl Slice {
    /// The Service that the slice belongs to.
    pub(crate) fn service(&self) -> Option<ObjectName> {
        let name = self.metadata.label(wellknown::LABEL_SERVICE_NAME)?;
        Some(ObjectName {
            namespace: self.metadata.namespace.clone(),
            name: name.into(),
        })
    }

    /// Whether this controller (`endpointslice.kubernetes.io/managed-by`) writes the slice.
    pub(crate) fn is_managed_by(&self, controller: &str) -> bool {
        self.metadata.label(wellknown::LABEL_MANAGED_BY) == Some(controller)
    }
}

/// One endpoint of a slice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Endpoint {
    pub(crate) addresses: Vec<Arc<str>>,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) conditions: Conditions,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hostname: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) node_name: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) zone: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) target_ref: Option<Target>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hints: Option<Hints>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Conditions {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ready: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) serving: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) terminating: Option<bool>,
}

/// The object behind an endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Target {
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) kind: Arc<str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) namespace: Arc<str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) name: Arc<str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) uid: Arc<str>,
}

/// Where an endpoint should be used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Hints {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) for_zones: Vec<Named>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) for_nodes: Vec<Named>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Named {
    pub(crate) name: Arc<str>,
}

/// A port that all endpoints of a slice serve.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SlicePort {
    #[serde(deserialize_with = "nullable")]
    pub(crate) name: Arc<str>,
    pub(crate) protocol: Protocol,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) app_protocol: Option<Arc<str>>,
}

/// An Endpoints object.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Endpoints {
    pub(crate) metadata: Meta,
    #[serde(deserialize_with = "nullable")]
    pub(crate) subsets: Vec<Subset>,
}

/// Addresses that serve the same ports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Subset {
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub(crate) addresses: Vec<Address>,
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub(crate) not_ready_addresses: Vec<Address>,
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub(crate) ports: Vec<SubsetPort>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Address {
    pub(crate) ip: Arc<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hostname: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) node_name: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target_ref: Option<Target>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SubsetPort {
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) name: Arc<str>,
    pub(crate) port: u16,
    pub(crate) protocol: Protocol,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) app_protocol: Option<Arc<str>>,
}
