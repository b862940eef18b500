//! From objects to writes. Objects are written as the API sends them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kinglet_model::ObjectName;
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::objects::{Endpoints, Pod, Service, Slice};
use super::state::{Plan, State};
use super::write::Write;

fn decode<T: DeserializeOwned>(value: Value) -> Arc<T> {
    Arc::new(serde_json::from_value(value).unwrap())
}

fn name(name: &str) -> ObjectName {
    ObjectName::new("shop", name)
}

fn metadata(name: &str) -> Value {
    json!({"name": name, "namespace": "shop", "uid": format!("uid-{name}"), "resourceVersion": "1"})
}

/// A cluster in which writes come true at once.
#[derive(Default)]
struct World {
    state: State,
    slices: BTreeMap<String, Value>,
    endpoints: BTreeMap<String, Value>,
    writes: usize,
    revision: u64,
}

impl World {
    fn service(&mut self, service: &str, spec: Value) {
        let service_name = name(service);
        let object = json!({"metadata": metadata(service), "spec": spec});
        self.state.service(service_name, Some(decode::<Service>(object)));
    }

    fn pod(&mut self, number: usize, ready: bool, port: u16) {
        let pod = format!("pod-{number}");
        let mut meta = metadata(&pod);
        meta["labels"] = json!({"app": "web"});
        let object = json!({
            "metadata": meta,
            "spec": {"nodeName": "node-1", "containers": [{"ports": [{"name": "http", "containerPort": port}]}]},
            "status": {
                "phase": "Running",
                "podIP": format!("10.42.{}.{}", number / 250, number % 250 + 1),
                "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}],
            },
        });
        self.state.pod(name(&pod), Some(decode::<Pod>(object)));
    }

    fn no_pod(&mut self, number: usize) {
        self.state.pod(name(&format!("pod-{number}")), None);
    }

    fn hand_written(&mut self, service: &str, subsets: Value) {
        let object = json!({"metadata": metadata(service), "subsets": subsets});
        self.endpoints.insert(service.to_owned(), object.clone());
        self.state
            .endpoints(name(service), Some(decode::<Endpoints>(object)));
    }

    /// Brings the endpoints of a Service in line, once.
    fn sync(&mut self, service: &str) -> usize {
        let Plan { slices, endpoints } = self.state.plan(&name(service));
        let count = slices.len() + usize::from(endpoints.is_some());
        self.writes += count;
        for write in slices {
            let (slice, object) = self.perform(write, |world| &mut world.slices);
            self.state.slice(name(&slice), object.map(decode::<Slice>));
        }
        if let Some(write) = endpoints {
            let (endpoints, object) = self.perform(write, |world| &mut world.endpoints);
            self.state
                .endpoints(name(&endpoints), object.map(decode::<Endpoints>));
        }
        count
    }

    fn perform(
        &mut self,
        write: Write,
        objects: fn(&mut Self) -> &mut BTreeMap<String, Value>,
    ) -> (String, Option<Value>) {
        self.revision += 1;
        let revision = self.revision.to_string();
        let (name, object) = match write {
            Write::Create(object) => (
                object["metadata"]["name"].as_str().unwrap().to_owned(),
                Some(object),
            ),
            Write::Merge(name, patch) => {
                let mut object = objects(self)[&*name].clone();
                assert_eq!(
                    patch["metadata"]["resourceVersion"],
                    object["metadata"]["resourceVersion"]
                );
                merge(&mut object, &patch);
                (name.to_string(), Some(object))
            }
            Write::Delete(name, _) => (name.to_string(), None),
        };
        let object = object.map(|mut object| {
            object["metadata"]["resourceVersion"] = revision.into();
            object["metadata"]["uid"] = format!("uid-{name}").into();
            object
        });
        match object.clone() {
            Some(object) => objects(self).insert(name.clone(), object),
            None => objects(self).remove(&name),
        };
        (name, object)
    }

    /// All endpoints in the slices of a Service: address, ready, port.
    fn answers(&self) -> BTreeSet<(String, bool, u64)> {
        let mut all = BTreeSet::new();
        for slice in self.slices.values() {
            for endpoint in slice["endpoints"].as_array().unwrap() {
                let address = endpoint["addresses"][0].as_str().unwrap().to_owned();
                let ready = endpoint["conditions"]["ready"].as_bool().unwrap();
                let new = all.insert((
                    address,
                    ready,
                    slice["ports"][0]["port"].as_u64().unwrap_or_default(),
                ));
                assert!(new, "an endpoint is in two slices");
            }
        }
        all
    }
}

/// RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (key, value) in fields {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(key);
        } else {
            merge(&mut target[key], value);
        }
    }
}

fn web() -> Value {
    json!({"selector": {"app": "web"}, "clusterIP": "10.43.0.9", "ipFamilies": ["IPv4"],
           "ports": [{"port": 80, "targetPort": "http"}]})
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever happens to Pods: the slices say what the Pods say, none holds more than 100 endpoints, and a
    /// second look writes nothing.
    #[test]
    fn slices_say_what_pods_say(changes in prop::collection::vec((0_usize..240, prop::option::of((any::<bool>(), 0_u16..3))), 1..400)) {
        let mut world = World::default();
        world.service("web", web());
        let mut pods = BTreeMap::new();
        for chunk in changes.chunks(90) {
            for (number, pod) in chunk {
                match pod {
                    Some((ready, port)) => {
                        world.pod(*number, *ready, 8080 + port);
                        pods.insert(*number, (*ready, 8080 + u64::from(*port)));
                    }
                    None => {
                        world.no_pod(*number);
                        pods.remove(number);
                    }
                }
            }
            world.sync("web");
            prop_assert_eq!(world.sync("web"), 0);
            let expected: BTreeSet<(String, bool, u64)> = pods
                .iter()
                .map(|(number, (ready, port))| (format!("10.42.{}.{}", number / 250, number % 250 + 1), *ready, *port))
                .collect();
            prop_assert_eq!(world.answers(), expected);
            let sizes: Vec<usize> = world.slices.values().map(|slice| slice["endpoints"].as_array().unwrap().len()).collect();
            prop_assert!(sizes.iter().all(|size| *size <= 100));
            prop_assert!(!sizes.is_empty());
        }
    }
}

#[test]
fn a_change_of_one_pod_is_one_write_of_each_form() {
    let mut world = World::default();
    world.service("web", web());
    (0..250).for_each(|number| world.pod(number, true, 8080));
    assert_eq!(world.sync("web"), 4);
    world.pod(7, false, 8080);
    assert_eq!(world.sync("web"), 2);
    world.no_pod(8);
    assert_eq!(world.sync("web"), 2);
    // There is room for it in the slice of 49.
    world.pod(300, true, 8080);
    assert_eq!(world.sync("web"), 2);
    assert_eq!(world.slices.len(), 3);
}

#[test]
fn more_than_a_thousand_addresses_are_cut_and_told() {
    let mut world = World::default();
    world.service("web", web());
    (0..1001).for_each(|number| world.pod(number, number > 0, 8080));
    world.sync("web");
    let endpoints = &world.endpoints["web"];
    assert_eq!(
        endpoints["metadata"]["annotations"]["endpoints.kubernetes.io/over-capacity"],
        "truncated"
    );
    assert_eq!(
        endpoints["subsets"][0]["addresses"].as_array().unwrap().len(),
        1000
    );
    assert!(
        endpoints["subsets"][0]["notReadyAddresses"].is_null(),
        "those that are not ready go first"
    );
    world.no_pod(1);
    world.sync("web");
    let endpoints = &world.endpoints["web"];
    assert!(endpoints["metadata"]["annotations"]["endpoints.kubernetes.io/over-capacity"].is_null());
    assert_eq!(world.sync("web"), 0);
}

#[test]
fn both_families_have_slices_and_endpoints_only_the_first() {
    let mut world = World::default();
    let mut spec = web();
    spec["ipFamilies"] = json!(["IPv6", "IPv4"]);
    world.service("web", spec);
    let mut meta = metadata("dual");
    meta["labels"] = json!({"app": "web"});
    let pod = json!({"metadata": meta, "status": {"podIPs": [{"ip": "10.42.0.1"}, {"ip": "fd00::1"}]},
                     "spec": {"containers": [{"ports": [{"name": "http", "containerPort": 8080}]}]}});
    world.state.pod(name("dual"), Some(decode::<Pod>(pod)));
    world.sync("web");
    let families: BTreeSet<&str> = world
        .slices
        .values()
        .map(|slice| slice["addressType"].as_str().unwrap())
        .collect();
    assert_eq!(families, BTreeSet::from(["IPv4", "IPv6"]));
    assert_eq!(
        world.endpoints["web"]["subsets"][0]["notReadyAddresses"][0]["ip"],
        "fd00::1"
    );
}

#[test]
fn labels_follow_the_service_but_for_reserved_ones() {
    let mut world = World::default();
    world.service("web", web());
    world.sync("web");
    let mut meta = metadata("web");
    meta["labels"] =
        json!({"team": "x", "kubernetes.io/service-name": "other", "service.kubernetes.io/headless": "no"});
    let service = json!({"metadata": meta, "spec": web()});
    world.state.service(name("web"), Some(decode::<Service>(service)));
    assert_eq!(world.sync("web"), 2);
    let slice = world.slices.values().next().unwrap();
    assert_eq!(
        slice["metadata"]["labels"],
        json!({
            "team": "x",
            "kubernetes.io/service-name": "web",
            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        })
    );
    assert_eq!(world.sync("web"), 0);
}

#[test]
fn slices_of_a_former_service_of_the_name_are_replaced() {
    let mut world = World::default();
    world.service("web", web());
    world.sync("web");
    let before: Vec<String> = world.slices.keys().cloned().collect();
    let mut meta = metadata("web");
    meta["uid"] = "another".into();
    let service = json!({"metadata": meta, "spec": web()});
    world.state.service(name("web"), Some(decode::<Service>(service)));
    world.sync("web");
    assert_eq!(world.slices.len(), 1);
    assert!(!world.slices.contains_key(&before[0]));
}

#[test]
fn external_names_and_services_without_selector_are_left_alone() {
    for spec in [
        json!({"type": "ExternalName", "externalName": "example.com", "selector": {"app": "web"}}),
        json!({"clusterIP": "10.43.0.9", "ports": [{"port": 80}]}),
        json!({"clusterIP": "10.43.0.9", "ports": [{"port": 80}], "selector": {}}),
    ] {
        let mut world = World::default();
        world.service("web", spec);
        world.pod(1, true, 8080);
        assert_eq!(world.sync("web"), 0);
    }
}

#[test]
fn a_mirror_holds_a_thousand_addresses_of_a_subset() {
    let mut world = World::default();
    world.service(
        "manual",
        json!({"clusterIP": "10.43.0.9", "ports": [{"port": 80}]}),
    );
    let addresses: Vec<Value> = (0..1200)
        .map(|n| json!({"ip": format!("10.9.{}.{}", n / 250, n % 250 + 1)}))
        .collect();
    world.hand_written(
        "manual",
        json!([{"addresses": addresses, "ports": [{"port": 80}]}]),
    );
    assert_eq!(world.sync("manual"), 1);
    assert_eq!(world.answers().len(), 1000);
    assert_eq!(world.sync("manual"), 0);
}

#[test]
fn endpoints_without_a_service_stay_and_those_of_a_deleted_one_go() {
    let mut world = World::default();
    world.hand_written(
        "manual",
        json!([{"addresses": [{"ip": "10.9.0.1"}], "ports": [{"port": 80}]}]),
    );
    assert_eq!(world.sync("manual"), 0);
    world.service(
        "manual",
        json!({"clusterIP": "10.43.0.9", "ports": [{"port": 80}]}),
    );
    assert_eq!(world.sync("manual"), 1);
    world.state.service(name("manual"), None);
    assert_eq!(world.sync("manual"), 2);
    assert!(world.slices.is_empty() && world.endpoints.is_empty());
}

#[test]
fn nearness_is_hinted_for_ready_endpoints() {
    let table = [
        ("PreferClose", json!({"forZones": [{"name": "zone-a"}]})),
        ("PreferSameZone", json!({"forZones": [{"name": "zone-a"}]})),
        (
            "PreferSameNode",
            json!({"forZones": [{"name": "zone-a"}], "forNodes": [{"name": "node-1"}]}),
        ),
        ("Other", Value::Null),
    ];
    for (distribution, hints) in table {
        let mut world = World::default();
        let mut spec = web();
        spec["trafficDistribution"] = distribution.into();
        world.service("web", spec);
        let node =
            json!({"metadata": {"name": "node-1", "labels": {"topology.kubernetes.io/zone": "zone-a"}}});
        assert_eq!(
            world
                .state
                .node(ObjectName::cluster("node-1"), Some(decode(node)))
                .len(),
            1
        );
        world.pod(1, true, 8080);
        world.pod(2, false, 8080);
        world.sync("web");
        let slice = world.slices.values().next().unwrap();
        assert_eq!(slice["endpoints"][0]["zone"], "zone-a");
        assert_eq!(slice["endpoints"][0]["hints"], hints, "{distribution}");
        assert!(slice["endpoints"][1]["hints"].is_null());
    }
}

#[test]
fn only_services_that_select_a_pod_are_concerned() {
    let mut world = World::default();
    world.service("web", web());
    world.service("db", json!({"selector": {"app": "db"}}));
    let pod = |labels: Value| {
        let mut meta = metadata("p");
        meta["labels"] = labels;
        Some(decode::<Pod>(json!({"metadata": meta})))
    };
    let mut concerned = |now| world.state.pod(name("p"), now);
    assert_eq!(concerned(pod(json!({"app": "web"}))), [name("web")]);
    assert_eq!(concerned(pod(json!({"app": "db"}))), [name("db"), name("web")]);
    assert_eq!(concerned(pod(json!({}))), [name("db")]);
    assert!(concerned(None).is_empty());
}
