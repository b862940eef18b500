//! Plans of Services, without endpoints but where they matter.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::json;

use super::*;
use crate::settings::{AddressKinds, Share};

/// Plans a Service with this `spec` and addresses of its load balancer.
fn planned(spec: serde_json::Value, balancer: &[&str]) -> (ServicePlan, Vec<String>) {
    let ingress: Vec<_> = balancer.iter().map(|ip| json!({ "ip": ip })).collect();
    let object = json!({
        "metadata": {"name": "web", "namespace": "default"},
        "spec": spec,
        "status": {"loadBalancer": {"ingress": ingress}},
    });
    let service: Service = serde_json::from_value(object).unwrap();
    let mut problems = Vec::new();
    let share = Share::from([(kinglet_model::Protocol::Tcp, 8081)]);
    let offer = Offer {
        kinds: AddressKinds::default(),
        share: &share,
    };
    let plan = plan(&service, &[], &NodeTopology::default(), offer, &mut problems);
    (plan, problems.iter().map(ToString::to_string).collect())
}

fn frontends(plan: &ServicePlan) -> Vec<String> {
    let all = plan.ports.iter().flat_map(|port| &port.frontends);
    all.map(|frontend| format!("{frontend:?}")).collect()
}

#[test]
fn families_have_their_own_addresses_and_all_node_ports() {
    let spec = json!({
        "type": "NodePort", "clusterIP": "10.43.0.1", "clusterIPs": ["10.43.0.1", "fd43::1"],
        "externalIPs": ["192.0.2.9"], "ports": [{"port": 80, "nodePort": 30080}],
    });
    let (plan, problems) = planned(spec, &[]);
    assert_eq!(
        frontends(&plan),
        [
            "Cluster(10.43.0.1, 80)",
            "External(192.0.2.9, 80)",
            "NodePort(30080)",
            "Cluster(fd43::1, 80)",
            "NodePort(30080)",
        ]
    );
    assert!(problems.is_empty());
}

#[test]
fn node_ports_and_balancers_belong_to_their_types() {
    let spec = |kind: &str| {
        json!({
            "type": kind, "clusterIP": "10.43.0.1", "loadBalancerSourceRanges": ["10.0.0.0/8"],
            "ports": [{"port": 80, "nodePort": 30080}],
        })
    };
    let of = |kind| {
        let (plan, _) = planned(spec(kind), &["192.0.2.1"]);
        (frontends(&plan).len(), plan.ports[0].sources.is_some())
    };
    assert_eq!(of("ClusterIP"), (1, false));
    assert_eq!(of("NodePort"), (2, false));
    assert_eq!(of("LoadBalancer"), (3, true));
}

#[test]
fn some_services_are_not_for_a_proxy() {
    let ports = json!([{"port": 80}]);
    let (headless, _) = planned(json!({"clusterIP": "None", "ports": ports}), &[]);
    let (pending, _) = planned(json!({"clusterIP": "", "ports": ports}), &[]);
    let (alias, _) = planned(
        json!({"type": "ExternalName", "clusterIP": "10.43.0.1", "ports": ports}),
        &[],
    );
    assert_eq!(
        [headless, pending, alias],
        [const { None }; 3].map(Option::unwrap_or_default)
    );
    for label in ["service-proxy-name", "headless"] {
        let labels = json!({(format!("service.kubernetes.io/{label}")): ""});
        let service: Service = serde_json::from_value(json!({
            "metadata": {"name": "web", "namespace": "default", "labels": labels},
            "spec": {"clusterIPs": ["10.43.0.1"], "ports": ports},
        }))
        .unwrap();
        assert!(!is_proxied(&service), "{label}");
    }
}

#[test]
fn what_cannot_be_served_is_named() {
    let spec = json!({
        "type": "LoadBalancer", "clusterIP": "10.43.0.1", "externalIPs": ["fd00::9"],
        "loadBalancerSourceRanges": ["10.0.0.0/8", "10.1.0.0/16", "here"],
        "ports": [{"name": "no", "port": 0}, {"name": "yes", "port": 80}],
    });
    let (plan, problems) = planned(spec, &["nowhere", "192.0.2.1"]);
    assert_eq!(plan.ports.len(), 1);
    assert_eq!(
        frontends(&plan),
        ["Cluster(10.43.0.1, 80)", "LoadBalancer(192.0.2.1, 80)"]
    );
    assert_eq!(plan.ports[0].sources, Some(vec!["10.0.0.0/8".parse().unwrap()]));
    let fields = [
        "spec.ports[0].port: \"0\"",
        "spec.externalIPs[0]: \"fd00::9\"",
        "status.loadBalancer.ingress[0].ip: \"nowhere\"",
        "spec.loadBalancerSourceRanges[2]: \"here\"",
    ];
    assert_eq!(problems.len(), fields.len());
    for (problem, field) in problems.iter().zip(fields) {
        assert!(
            problem.starts_with(&format!("Service default/web {field} is not ")),
            "{problem}"
        );
    }
}

#[test]
fn ranges_of_one_family_shut_the_other_out() {
    let spec = json!({
        "type": "LoadBalancer", "clusterIPs": ["10.43.0.1", "fd43::1"],
        "loadBalancerSourceRanges": ["10.0.0.0/8"], "ports": [{"port": 80}],
    });
    let (plan, _) = planned(spec, &[]);
    let sources: Vec<_> = plan
        .ports
        .iter()
        .map(|port| port.sources.as_ref().map(Vec::len))
        .collect();
    assert_eq!(sources, [Some(1), Some(0)]);
}

#[test]
fn actions_follow_policies_and_endpoints() {
    use Action::{Cluster, Drop, Local, LocalFromOutside, Reject};
    let backends = |count: u8| -> BTreeSet<_> {
        let all = (0..count).map(|last| crate::backend::Backend {
            address: IpAddr::from([10, 42, 0, last]),
            port: 80,
        });
        all.collect()
    };
    for (cluster, local, policy, inside, outside) in [
        (0, 0, TrafficPolicy::Cluster, Reject, Reject),
        (0, 0, TrafficPolicy::Local, Reject, Reject),
        (2, 0, TrafficPolicy::Cluster, Cluster, Cluster),
        (2, 0, TrafficPolicy::Local, Drop, LocalFromOutside),
        (2, 1, TrafficPolicy::Local, Local, LocalFromOutside),
    ] {
        let endpoints = Selected {
            cluster: backends(cluster),
            local: backends(local),
            ..Selected::default()
        };
        let found = (internal(policy, &endpoints), external(policy, &endpoints));
        assert_eq!(found, (inside, outside), "{cluster} {local} {policy:?}");
    }
}

#[test]
fn a_node_serves_its_part_of_a_load_balancer_and_of_nothing_else() {
    let of = |kind: &str, port: u16| {
        let spec = json!({
            "type": kind, "clusterIP": "10.43.0.1", "clusterIPs": ["10.43.0.1"], "ports": [{"port": port}],
        });
        let (plan, _) = planned(spec, &[]);
        plan.ports[0].frontends.contains(&Frontend::NodeBalancer(port))
    };
    assert!(of("LoadBalancer", 8081));
    assert!(!of("LoadBalancer", 8082));
    assert!(!of("NodePort", 8081));
}
