//! The nested shapes in which the API sends what [`super::objects`] flattens.

use std::net::IpAddr;
use std::sync::Arc;

use kinglet_model::Meta;
use serde::{Deserialize, Deserializer};

use super::objects::{Endpoint, Family, NamedPort, Pod, Slice, SlicePort, nullable};

#[derive(Default, Deserialize)]
#[serde(default)]
struct WirePod {
    metadata: Meta,
    spec: PodSpec,
    status: PodStatus,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PodSpec {
    node_name: Option<Arc<str>>,
    hostname: Box<str>,
    subdomain: Box<str>,
    containers: Vec<Container>,
    init_containers: Vec<Container>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Container {
    ports: Vec<NamedPort>,
    restart_policy: Box<str>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PodStatus {
    phase: Box<str>,
    #[serde(rename = "podIP")]
    pod_ip: Box<str>,
    #[serde(rename = "podIPs", deserialize_with = "nullable")]
    pod_ips: Vec<PodIp>,
    conditions: Vec<Condition>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PodIp {
    ip: Box<str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Condition {
    r#type: Box<str>,
    status: Box<str>,
}

impl<'de> Deserialize<'de> for Pod {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        WirePod::deserialize(deserializer).map(Self::from)
    }
}

impl From<WirePod> for Pod {
    fn from(
        WirePod {
            metadata,
            spec,
            status,
        }: WirePod,
    ) -> Self {
        let sidecars = spec.init_containers.into_iter();
        // Init containers with `restartPolicy: Always` are sidecars (KEP-753); the others end before the Pod
        // is ready.
        let running = sidecars.filter(|one| &*one.restart_policy == "Always");
        let ports = spec
            .containers
            .into_iter()
            .chain(running)
            .flat_map(|one| one.ports);
        let mut ips: Vec<IpAddr> = status
            .pod_ips
            .iter()
            .filter_map(|one| one.ip.parse().ok())
            .collect();
        // Kubelets and tools that know one family write `podIP` alone.
        if ips.is_empty() {
            ips.extend(status.pod_ip.parse::<IpAddr>());
        }
        let is_ready = |one: &Condition| &*one.r#type == "Ready" && &*one.status == "True";
        Self {
            metadata,
            node_name: spec.node_name.filter(|name| !name.is_empty()),
            hostname: spec.hostname,
            subdomain: spec.subdomain,
            ports: ports.filter(|port| !port.name.is_empty()).collect(),
            finished: matches!(&*status.phase, "Succeeded" | "Failed"),
            ready: status.conditions.iter().any(is_ready),
            ips,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireSlice {
    metadata: OwnedMeta,
    address_type: Family,
    #[serde(default, deserialize_with = "nullable")]
    endpoints: Vec<Endpoint>,
    #[serde(default, deserialize_with = "nullable")]
    ports: Vec<SlicePort>,
}

/// `metadata`, and in it who controls the object.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OwnedMeta {
    #[serde(flatten)]
    meta: Meta,
    #[serde(default)]
    owner_references: Vec<Owner>,
}

#[derive(Deserialize)]
struct Owner {
    uid: Arc<str>,
    #[serde(default)]
    controller: bool,
}

impl<'de> Deserialize<'de> for Slice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        WireSlice::deserialize(deserializer).map(Self::from)
    }
}

impl From<WireSlice> for Slice {
    fn from(wire: WireSlice) -> Self {
        let mut ports = wire.ports;
        // Ports are compared as lists, and others may have written them in another order.
        ports.sort();
        let mut owners = wire.metadata.owner_references.into_iter();
        Self {
            metadata: wire.metadata.meta,
            owner: owners.find(|owner| owner.controller).map(|owner| owner.uid),
            family: wire.address_type,
            endpoints: wire.endpoints,
            ports,
        }
    }
}
