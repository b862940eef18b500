//! Tests of the DaemonSets.

use kinglet_model::{IpFamily, Protocol, TrafficPolicy};

use super::*;
use crate::names::{ANNOTATION_PRIORITY_CLASS, ANNOTATION_TOLERATIONS, LABEL_POOL};
use crate::sample;

fn service() -> Service {
    let mut service = sample::service("web", 1, &[80]);
    service.metadata.uid = "35a5ccb3-4a82-40b7-8d83-cda9582e4251".into();
    service
}

fn set(service: &Service) -> Value {
    wanted(service, "kube-system", &PodSettings::default(), false).unwrap()
}

fn annotated(key: &str, value: &str) -> Service {
    let mut service = service();
    service.metadata.annotations.insert(key.into(), value.into());
    service
}

#[test]
fn names_are_those_of_k3s() {
    let table = [
        ("a-service", "svclb-a-service-35a5ccb3"),
        (
            "a-service-with-a-very-veeeeeery-long-yet-valid-name",
            "svclb-a-service-with-a-very-veeeeeery-long-yet-valid-n-35a5ccb3",
        ),
        (
            "a-service-with-a-name-with-inconvenient------------hypens",
            "svclb-a-service-with-a-name-with-inconvenient-35a5ccb3",
        ),
    ];
    for (of, expected) in table {
        let mut service = service();
        service.metadata.name = of.into();
        assert_eq!(name(&service), expected);
    }
}

#[test]
fn pools_are_two_labels() {
    let expression = |key: &str, value: &str| json!({"matchExpressions": [{"key": key, "operator": "In", "values": [value]}]});
    let terms = [
        expression("svccontroller.k3s.cattle.io/lbpool", "pool-a"),
        expression("lbpool.svccontroller.k3s.cattle.io/pool-a", "true"),
    ];
    let expected = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}});
    for (pool, expected) in [("pool-a", expected), ("", Value::Null)] {
        let mut service = service();
        service.metadata.labels.insert(LABEL_POOL.into(), pool.into());
        assert_eq!(set(&service)["spec"]["template"]["spec"]["affinity"], expected);
    }
}

#[test]
fn every_field_is_that_of_k3s() {
    let mut service = service();
    service.ip_families = vec![IpFamily::V4, IpFamily::V6];
    service.cluster_ips.push("fd00:43::7".parse().unwrap());
    let mut set = set(&service);
    let hash = set["metadata"]
        .as_object_mut()
        .unwrap()
        .remove("annotations")
        .unwrap();
    assert_eq!(hash[ANNOTATION_HASH].as_str().map(str::len), Some(16));
    let name = "svclb-web-35a5ccb3";
    let (label_name, label_namespace) = (
        "svccontroller.k3s.cattle.io/svcname",
        "svccontroller.k3s.cattle.io/svcnamespace",
    );
    let variable = |name: &str, value: &str| json!({"name": name, "value": value});
    let container = json!({
        "name": "lb-tcp-80",
        "image": PodSettings::default().image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["kinglet", "lb"],
        "ports": [{"name": "lb-tcp-80", "containerPort": 80, "hostPort": 80, "protocol": "TCP"}],
        "securityContext": {"capabilities": {"add": ["NET_ADMIN"]}},
        "env": [
            variable("SRC_PORT", "80"),
            variable("SRC_RANGES", "0.0.0.0/0,::/0"),
            variable("DEST_PROTO", "TCP"),
            variable("DEST_PORT", "80"),
            variable("DEST_IPS", "10.43.0.7,fd00:43::7"),
        ],
    });
    let expected = json!({
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": "kube-system", "labels": {
            "svccontroller.k3s.cattle.io/nodeselector": "false",
            label_name: "web",
            label_namespace: "default",
        }},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
            "template": {
                "metadata": {"labels": {"app": name, label_name: "web", label_namespace: "default"}},
                "spec": {
                    "priorityClassName": "system-node-critical",
                    "serviceAccountName": "svclb",
                    "automountServiceAccountToken": false,
                    "securityContext": {"sysctls": [
                        {"name": "net.ipv4.ip_forward", "value": "1"},
                        {"name": "net.ipv6.conf.all.forwarding", "value": "1"},
                    ]},
                    "containers": [container],
                    "tolerations": [
                        {"key": "node-role.kubernetes.io/master", "operator": "Exists", "effect": "NoSchedule"},
                        {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists", "effect": "NoSchedule"},
                        {"key": "CriticalAddonsOnly", "operator": "Exists"},
                    ],
                },
            },
        },
    });
    assert_eq!(set, expected, "{set:#}");
}

#[test]
fn a_port_of_two_protocols_has_two_containers() {
    let mut service = service();
    service.ports = vec![sample::port(Protocol::Tcp, 53), sample::port(Protocol::Udp, 53)];
    let set = set(&service);
    let containers = set["spec"]["template"]["spec"]["containers"].as_array().unwrap();
    let names: Vec<_> = containers
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["lb-tcp-53", "lb-udp-53"]);
    assert_eq!(containers[1]["env"][2]["value"], "UDP");
}

#[test]
fn the_local_policy_leads_to_node_ports() {
    let mut service = service();
    service.external_traffic_policy = TrafficPolicy::Local;
    let set = set(&service);
    let env = &set["spec"]["template"]["spec"]["containers"][0]["env"];
    assert_eq!(env[3], json!({"name": "DEST_PORT", "value": "30080"}));
    assert_eq!(env[4]["valueFrom"]["fieldRef"]["fieldPath"], "status.hostIPs");
    service.ports[0].node_port = 0;
    let problem = wanted(&service, "kube-system", &PodSettings::default(), false).unwrap_err();
    let expected = "spec.ports[0].nodePort: \"0\" is not a node port, which TCP 80 needs with externalTrafficPolicy Local";
    assert_eq!(problem.to_string(), expected);
}

#[test]
fn lists_of_nodes_are_node_selectors() {
    let set = wanted(&service(), "kube-system", &PodSettings::default(), true).unwrap();
    assert_eq!(
        set["metadata"]["labels"]["svccontroller.k3s.cattle.io/nodeselector"],
        "true"
    );
    let selector = &set["spec"]["template"]["spec"]["nodeSelector"];
    assert_eq!(*selector, json!({"svccontroller.k3s.cattle.io/enablelb": "true"}));
}

#[test]
fn annotations_choose_priority_and_tolerations() {
    let spec = |service: &Service| set(service)["spec"]["template"]["spec"].clone();
    let high = spec(&annotated(ANNOTATION_PRIORITY_CLASS, "high"));
    assert_eq!(high["priorityClassName"], "high");
    assert!(spec(&annotated(ANNOTATION_PRIORITY_CLASS, ""))["priorityClassName"].is_null());
    let tolerant = spec(&annotated(
        ANNOTATION_TOLERATIONS,
        "[{key: lb, operator: Exists}]",
    ));
    assert_eq!(
        tolerant["tolerations"][3],
        json!({"key": "lb", "operator": "Exists"})
    );
    let broken = annotated(ANNOTATION_TOLERATIONS, "{");
    assert!(wanted(&broken, "kube-system", &PodSettings::default(), false).is_err());
}

#[test]
fn the_order_of_source_ranges_changes_nothing() {
    let with = |ranges: [&str; 2]| {
        let mut service = service();
        service.load_balancer_source_ranges = ranges.map(Into::into).to_vec();
        set(&service)
    };
    let one = with(["192.0.2.0/24", "10.0.0.0/8"]);
    assert_eq!(one, with(["10.0.0.0/8", "192.0.2.0/24"]));
    let env = &one["spec"]["template"]["spec"]["containers"][0]["env"];
    assert_eq!(env[1]["value"], "10.0.0.0/8,192.0.2.0/24");
}
