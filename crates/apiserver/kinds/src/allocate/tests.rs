//! Services before and after allocation.

use proptest::prelude::*;

use super::*;

fn ranges(networks: &[&str]) -> Ranges {
    Ranges {
        networks: networks.iter().map(|network| network.parse().unwrap()).collect(),
        node_ports: 30000..=32767,
    }
}

/// Completes a Service; every choice falls on the first candidate.
fn allocated(
    spec: Value,
    old: Option<&Value>,
    networks: &[&str],
    held: &Held,
) -> Result<Value, AllocateError> {
    let mut new = json!({"metadata": {"name": "web"}, "spec": spec});
    let service_default = crate::builtin()
        .into_iter()
        .find(|one| one.behaviour.allocates)
        .unwrap()
        .behaviour
        .default;
    service_default(&mut new);
    service(&mut new, old, &ranges(networks), held, &mut || 0)?;
    Ok(new)
}

fn message(result: Result<Value, AllocateError>) -> String {
    match result {
        Err(AllocateError::Invalid(errors)) => errors
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; "),
        Err(AllocateError::Exhausted(why)) => why,
        Ok(service) => panic!("allocated {service}"),
    }
}

const V4: &[&str] = &["10.43.0.0/16"];
const BOTH: &[&str] = &["10.43.0.0/16", "fd00:43::/112"];

#[test]
fn families_follow_policy_and_cluster() {
    let none = Held::default();
    for (spec, networks, ips, families, policy) in [
        (
            json!({}),
            V4,
            json!(["10.43.1.1"]),
            json!(["IPv4"]),
            "SingleStack",
        ),
        (
            json!({}),
            BOTH,
            json!(["10.43.1.1"]),
            json!(["IPv4"]),
            "SingleStack",
        ),
        (
            json!({"ipFamilyPolicy": "PreferDualStack"}),
            BOTH,
            json!(["10.43.1.1", "fd00:43::101"]),
            json!(["IPv4", "IPv6"]),
            "PreferDualStack",
        ),
        (
            json!({"ipFamilyPolicy": "PreferDualStack"}),
            V4,
            json!(["10.43.1.1"]),
            json!(["IPv4"]),
            "PreferDualStack",
        ),
        (
            json!({"ipFamilies": ["IPv6"], "ipFamilyPolicy": "RequireDualStack"}),
            BOTH,
            json!(["fd00:43::101", "10.43.1.1"]),
            json!(["IPv6", "IPv4"]),
            "RequireDualStack",
        ),
        (
            json!({"clusterIP": "fd00:43::7"}),
            BOTH,
            json!(["fd00:43::7"]),
            json!(["IPv6"]),
            "SingleStack",
        ),
        (
            json!({"clusterIP": "None", "selector": {"a": "b"}}),
            V4,
            json!(["None"]),
            json!(["IPv4"]),
            "SingleStack",
        ),
        (
            json!({"clusterIP": "None"}),
            V4,
            json!(["None"]),
            json!(["IPv4", "IPv6"]),
            "RequireDualStack",
        ),
    ] {
        let service = allocated(spec.clone(), None, networks, &none).unwrap();
        assert_eq!(service["spec"]["clusterIPs"], ips, "{spec}");
        assert_eq!(service["spec"]["clusterIP"], ips[0], "{spec}");
        assert_eq!(service["spec"]["ipFamilies"], families, "{spec}");
        assert_eq!(service["spec"]["ipFamilyPolicy"], policy, "{spec}");
    }
    let named = allocated(
        json!({"type": "ExternalName", "externalName": "a"}),
        None,
        V4,
        &none,
    )
    .unwrap();
    assert_eq!(named["spec"].get("clusterIPs"), None);
    assert_eq!(named["spec"].get("ipFamilies"), None);
}

#[test]
fn requests_are_refused_in_the_words_of_the_api() {
    let held = Held {
        addresses: HashSet::from(["10.43.0.1".parse().unwrap()]),
        node_ports: HashSet::from([30080]),
    };
    for (spec, expected) in [
        (
            json!({"clusterIP": "10.43.0.1"}),
            "spec.clusterIPs: Invalid value: [\"10.43.0.1\"]: failed to allocate IP 10.43.0.1: provided IP is already allocated",
        ),
        (
            json!({"clusterIP": "10.99.0.1"}),
            "spec.clusterIPs: Invalid value: [\"10.99.0.1\"]: failed to allocate IP 10.99.0.1: the provided network does not match the current range",
        ),
        (
            json!({"clusterIP": "fd00::1"}),
            "spec.clusterIPs[0]: Invalid value: [\"fd00::1\"]: IPv6 is not configured on this cluster",
        ),
        (
            json!({"ipFamilyPolicy": "RequireDualStack"}),
            "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this cluster is not configured for dual-stack services",
        ),
        (
            json!({"ipFamilies": ["IPv6"]}),
            "spec.ipFamilies[0]: Invalid value: \"IPv6\": not configured on this cluster",
        ),
        (
            json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}]}),
            "spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated",
        ),
        (
            json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": 80}]}),
            "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767",
        ),
    ] {
        assert_eq!(message(allocated(spec, None, V4, &held)), expected);
    }
}

#[test]
fn a_full_range_is_the_servers_fault() {
    let held = Held {
        addresses: HashSet::from(["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()]),
        ..Held::default()
    };
    assert_eq!(
        message(allocated(json!({}), None, &["10.0.0.0/30"], &held)),
        "failed to allocate a serviceIP for Service \"web\": range is full"
    );
}

#[test]
fn node_ports_come_from_the_upper_band() {
    let ports = json!([{"name": "a", "port": 80}, {"name": "b", "port": 53}, {"name": "c", "port": 53, "protocol": "UDP"}]);
    let service = allocated(
        json!({"type": "NodePort", "ports": ports}),
        None,
        V4,
        &Held::default(),
    )
    .unwrap();
    let numbers: Vec<i64> = service
        .list("spec.ports")
        .iter()
        .map(|port| port.int("nodePort"))
        .collect();
    assert_eq!(numbers, [30086, 30087, 30087]);
    let local = json!({"type": "LoadBalancer", "externalTrafficPolicy": "Local", "allocateLoadBalancerNodePorts": false, "ports": [{"port": 80}]});
    let service = allocated(local, None, V4, &Held::default()).unwrap();
    assert_eq!(service["spec"]["ports"][0].get("nodePort"), None);
    assert_eq!(service["spec"]["healthCheckNodePort"], 30086);
}

#[test]
fn updates_keep_what_they_do_not_mention() {
    let balanced = json!({"type": "LoadBalancer", "ports": [{"port": 80}], "externalTrafficPolicy": "Local", "ipFamilyPolicy": "PreferDualStack"});
    let old = allocated(balanced.clone(), None, BOTH, &Held::default()).unwrap();
    let held = Held::by(&old);
    assert_eq!(held.node_ports.len(), 2);
    assert_eq!(allocated(balanced, Some(&old), BOTH, &held).unwrap(), old);

    let cluster = allocated(json!({"ports": [{"port": 80}]}), Some(&old), BOTH, &held).unwrap();
    assert_eq!(cluster["spec"]["clusterIPs"], old["spec"]["clusterIPs"]);
    assert_eq!(cluster["spec"]["ports"][0].get("nodePort"), None);
    assert_eq!(cluster["spec"].get("healthCheckNodePort"), None);

    // A change by patch carries every old field along.
    let patched = |changes: &[(&str, Value)]| {
        let mut spec = old["spec"].clone();
        for (field, value) in changes {
            spec[*field] = value.clone();
        }
        allocated(spec, Some(&old), BOTH, &held).unwrap()
    };
    let cluster = patched(&[("type", json!("ClusterIP"))]);
    for gone in [
        "healthCheckNodePort",
        "allocateLoadBalancerNodePorts",
        "externalTrafficPolicy",
    ] {
        assert_eq!(cluster["spec"].get(gone), None, "{gone}");
    }
    assert_eq!(cluster["spec"]["ports"][0].get("nodePort"), None);
    let named = patched(&[
        ("type", json!("ExternalName")),
        ("externalName", json!("a.example")),
    ]);
    for gone in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
        assert_eq!(named["spec"].get(gone), None, "{gone}");
    }
    let single = patched(&[("ipFamilyPolicy", json!("SingleStack"))]);
    assert_eq!(single["spec"]["clusterIPs"], json!(["10.43.1.1"]));
    assert_eq!(single["spec"]["ipFamilies"], json!(["IPv4"]));
}

#[test]
fn services_gain_addresses_on_update() {
    let named = allocated(
        json!({"type": "ExternalName", "externalName": "a"}),
        None,
        BOTH,
        &Held::default(),
    )
    .unwrap();
    let cluster = allocated(json!({}), Some(&named), BOTH, &Held::default()).unwrap();
    assert_eq!(cluster["spec"]["clusterIPs"], json!(["10.43.1.1"]));
    let both = allocated(
        json!({"ipFamilyPolicy": "PreferDualStack"}),
        Some(&cluster),
        BOTH,
        &Held::by(&cluster),
    )
    .unwrap();
    assert_eq!(both["spec"]["clusterIPs"], json!(["10.43.1.1", "fd00:43::101"]));
    let node = allocated(
        json!({"type": "NodePort", "ports": [{"port": 80}]}),
        Some(&cluster),
        BOTH,
        &Held::by(&cluster),
    )
    .unwrap();
    assert_eq!(node["spec"]["ports"][0]["nodePort"], 30086);
}

proptest! {
    /// Whatever is held and whatever chance says, a Service gets what nobody else has, until nothing is left.
    #[test]
    fn nothing_is_given_twice(seeds in proptest::collection::vec(any::<u64>(), 1..40)) {
        let ranges = Ranges { networks: vec!["10.0.0.0/27".parse().unwrap()], node_ports: 30000..=30039 };
        let mut held = Held::default();
        for (count, seed) in seeds.into_iter().enumerate() {
            let mut new = json!({"metadata": {"name": "s"}, "spec": {"type": "NodePort", "ports": [{"port": 1, "protocol": "TCP"}]}});
            let result = service(&mut new, None, &ranges, &held, &mut || seed);
            prop_assert_eq!(result.is_ok(), count < 30, "30 addresses are usable");
            if result.is_ok() {
                let got = Held::by(&new);
                prop_assert!(got.addresses.is_disjoint(&held.addresses));
                prop_assert!(got.node_ports.is_disjoint(&held.node_ports));
                prop_assert_eq!((got.addresses.len(), got.node_ports.len()), (1, 1));
                held.add(&got);
            }
        }
    }
}
