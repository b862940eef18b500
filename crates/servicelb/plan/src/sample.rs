//! Objects for tests.

use std::sync::Arc;

use kinglet_model::{
    EndpointSlice, HostPort, IpFamily, Node, NodeAddress, NodeCondition, Object as _, ObjectName, Pod,
    Protocol, Service, ServicePort, ServiceType,
};
use serde_json::json;

use crate::allocation::Share;
use crate::host_ports::HostPorts;
use crate::kernel::KernelReport;
use crate::names::{
    ANNOTATION_HOST_PORTS, ANNOTATION_REFUSED, ANNOTATION_SERVING, LABEL_SERVICE_NAME,
    LABEL_SERVICE_NAMESPACE,
};
use crate::view::{Affected, View};

/// A ready node with an internal address and an agent whose kernel has all rules.
pub(crate) fn node(name: &str, address: &str) -> Node {
    let mut node = Node {
        addresses: vec![NodeAddress {
            kind: "InternalIP".into(),
            address: address.into(),
        }],
        ..Node::default()
    };
    node.metadata.name = name.into();
    reporting(listening(being_ready(node, true), ""), "true", "")
}

pub(crate) fn being_ready(mut node: Node, ready: bool) -> Node {
    node.conditions = vec![NodeCondition {
        kind: "Ready".into(),
        status: if ready { "True" } else { "False" }.into(),
    }];
    node
}

pub(crate) fn listening(mut node: Node, ports: &str) -> Node {
    let annotations = &mut node.metadata.annotations;
    annotations.insert(ANNOTATION_HOST_PORTS.into(), ports.into());
    assert_eq!(
        HostPorts::of(&node).map(|read| read.to_annotation()).as_deref(),
        Some(ports)
    );
    node
}

/// What its agent reports of the kernel.
pub(crate) fn reporting(mut node: Node, serving: &str, refused: &str) -> Node {
    let annotations = &mut node.metadata.annotations;
    for (key, value) in [(ANNOTATION_SERVING, serving), (ANNOTATION_REFUSED, refused)] {
        match value {
            "" => annotations.remove(key),
            value => annotations.insert(key.into(), value.into()),
        };
    }
    node
}

/// Its agent has reported nothing of the kernel yet.
pub(crate) fn unconfirmed(node: Node) -> Node {
    reporting(node, "", "")
}

/// Its agent reports that the kernel has what it serves in a state of the cluster.
pub(crate) fn confirming(view: &View, node: Node, refused: &[&str]) -> Node {
    let mut share = Share::new(node.metadata.name.clone());
    share.update(view, &Affected::all());
    let refused = refused.iter().map(|name| ObjectName::new("default", *name));
    let report = KernelReport::new("", share.get(), &refused.collect());
    reporting(
        node,
        &report.serving(),
        report.refused().as_deref().unwrap_or_default(),
    )
}

pub(crate) fn without_agent(mut node: Node) -> Node {
    node.metadata.annotations.clear();
    node
}

pub(crate) fn labelled(mut node: Node, key: &str, value: &str) -> Node {
    node.metadata.labels.insert(key.into(), value.into());
    node
}

pub(crate) fn port(protocol: Protocol, port: u16) -> ServicePort {
    ServicePort {
        protocol,
        port,
        node_port: 30_000 + port,
        ..ServicePort::default()
    }
}

/// A Service of type LoadBalancer in the namespace `default` with TCP ports. Its age and uid follow its
/// number.
pub(crate) fn service(name: &str, number: u32, ports: &[u16]) -> Service {
    let mut service = Service {
        service_type: ServiceType::LoadBalancer,
        ip_families: vec![IpFamily::V4],
        cluster_ips: vec!["10.43.0.7".parse().unwrap()],
        ports: ports.iter().map(|number| port(Protocol::Tcp, *number)).collect(),
        ..Service::default()
    };
    service.metadata.name = name.into();
    service.metadata.namespace = "default".into();
    service.metadata.uid = format!("{number:08}-4a82-40b7-8d83-cda9582e4251").into();
    service.metadata.resource_version = "1".into();
    service.metadata.creation_timestamp = jiff::Timestamp::from_second(i64::from(number)).ok();
    service
}

/// A Pod on a node with TCP host ports.
pub(crate) fn pod(name: &str, node: &str, ports: &[u16]) -> Pod {
    let host_port = |port: &u16| HostPort {
        port: *port,
        ..HostPort::default()
    };
    let mut pod = Pod {
        node_name: node.into(),
        phase: "Running".into(),
        ready: true,
        host_ports: ports.iter().map(host_port).collect(),
        ..Pod::default()
    };
    pod.metadata.name = name.into();
    pod.metadata.namespace = "default".into();
    pod
}

/// A ready Pod of the DaemonSet of a Service.
pub(crate) fn balancer_pod(service: &Service, node: &str) -> Pod {
    let ports: Vec<u16> = service.ports.iter().map(|port| port.port).collect();
    let mut pod = pod(&format!("svclb-{}-{node}", service.metadata.name), node, &ports);
    pod.metadata.namespace = "kube-system".into();
    let name = service.object_name();
    for (key, value) in [
        (LABEL_SERVICE_NAME, name.name),
        (LABEL_SERVICE_NAMESPACE, name.namespace),
    ] {
        pod.metadata.labels.insert(key.into(), (*value).into());
    }
    pod
}

/// A slice of a Service with one endpoint on a node.
pub(crate) fn slice(service: &Service, name: &str, node: &str, ready: Option<bool>) -> EndpointSlice {
    serde_json::from_value(json!({
        "metadata": {
            "namespace": &*service.metadata.namespace,
            "name": name,
            "labels": {"kubernetes.io/service-name": &*service.metadata.name},
        },
        "endpoints": [{"addresses": ["10.42.0.5"], "nodeName": node, "conditions": {"ready": ready}}],
    }))
    .unwrap()
}

/// Names, for comparison.
pub(crate) fn texts<'a>(names: impl IntoIterator<Item = &'a Arc<str>>) -> Vec<&'a str> {
    names.into_iter().map(|name| &**name).collect()
}
