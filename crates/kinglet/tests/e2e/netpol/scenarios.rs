//! The scenarios of `policy/tests/scenarios` with real packets. Their answers are those of the plain reading
//! of policies, which that crate's tests hold against the ones that are written there: pods of the lab have
//! other addresses.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::world::World;
use crate::lab::is_possible;

#[derive(Deserialize)]
struct Case {
    name: String,
    objects: Vec<Value>,
}

#[derive(Deserialize)]
struct Base {
    objects: Vec<Value>,
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../policy/tests/scenarios")
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    let text = std::fs::read_to_string(path).unwrap();
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn cases() -> Vec<Case> {
    let mut files: Vec<_> = folder()
        .join("cases")
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.iter().flat_map(|file| read::<Vec<Case>>(file)).collect()
}

/// What stands for the addresses of the scenarios' pods in the lab.
fn addresses(world: &World) -> BTreeMap<String, String> {
    let base: Base = read(&folder().join("cluster.yaml"));
    let mut addresses = BTreeMap::new();
    for pod in base.objects.iter().filter(|object| object["kind"] == "Pod") {
        let text = |pointer: &str| pod.pointer(pointer).and_then(Value::as_str).unwrap().to_owned();
        let name = format!("{}/{}", text("/metadata/namespace"), text("/metadata/name"));
        for (index, v4) in [(0, true), (1, false)] {
            let there = text(&format!("/status/podIPs/{index}/ip"));
            addresses.insert(there, world.address(&name, v4).to_string());
        }
    }
    assert_eq!(addresses.len(), 18);
    addresses
}

/// Puts the lab's addresses in the place of the scenarios'.
fn translate(value: &mut Value, addresses: &BTreeMap<String, String>) {
    match value {
        Value::String(text) => {
            let parts = text
                .split_once('/')
                .and_then(|(address, length)| Some((addresses.get(address)?, length)));
            match (parts, text.as_str()) {
                (Some((address, length @ ("32" | "128"))), _) => *text = format!("{address}/{length}"),
                // A namespace of the scenarios has a network of its own, in the lab a node has one.
                (_, "10.0.2.0/24") => "10.42.0.0/16".clone_into(text),
                (_, "10.0.2.0/25") => "10.42.1.0/24".clone_into(text),
                _ => {}
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| translate(value, addresses)),
        Value::Object(fields) => fields.values_mut().for_each(|value| translate(value, addresses)),
        _ => {}
    }
}

/// Applies what of a case an API server takes; the number of policies.
fn begin(world: &World, case: &Case, addresses: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let mut policies = Vec::new();
    for object in &case.objects {
        let mut object = object.clone();
        let kind = object["kind"].as_str().unwrap_or_default().to_owned();
        object["apiVersion"] = match &*kind {
            "Namespace" => "v1".into(),
            "NetworkPolicy" => "networking.k8s.io/v1".into(),
            "ClusterNetworkPolicy" => "policy.networking.k8s.io/v1alpha2".into(),
            // Addresses of pods and nodes come from the lab.
            _ => continue,
        };
        translate(&mut object, addresses);
        let text = |pointer: &str| {
            object
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let name = (text("/metadata/namespace"), text("/metadata/name"));
        match world.try_apply(&object) {
            Ok(()) if kind != "Namespace" => policies.push(name),
            Ok(()) => {}
            // Scenarios have what an API server refuses, too.
            Err(refused) => {
                let known = [" is invalid: ", ": field not declared in schema"];
                let expected = known.iter().any(|reason| refused.contains(reason));
                assert!(expected, "{}: {refused}", case.name);
            }
        }
    }
    policies
}

fn end(world: &World, policies: Vec<(String, String)>) {
    for (namespace, name) in policies {
        if namespace.is_empty() {
            world.delete_cluster_policy(&name);
        } else {
            world.delete_policy(&namespace, &name);
        }
    }
    let base: Base = read(&folder().join("cluster.yaml"));
    for mut object in base
        .objects
        .into_iter()
        .filter(|object| object["kind"] == "Namespace")
    {
        object["apiVersion"] = "v1".into();
        world.apply(&object);
    }
}

fn run(nodes: u16) {
    let mut world = World::new(nodes, &[]);
    world.install_tiers();
    let addresses = addresses(&world);
    let (mut wrong, mut enforced, mut open, mut closed) = (Vec::new(), 0, 0, 0);
    for case in cases() {
        let policies = begin(&world, &case, &addresses);
        enforced += policies.len();
        world.settle();
        let differences = world.differences();
        wrong.extend(
            differences
                .into_iter()
                .map(|difference| format!("{}: {difference}", case.name)),
        );
        let (allowed, forbidden) = world.tally();
        open += allowed;
        closed += forbidden;
        end(&world, policies);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(enforced > 100, "{enforced} policies");
    assert!(
        closed > 1_000 && open > 1_000,
        "{open} allowed, {closed} forbidden"
    );
    eprintln!("{enforced} policies, {open} allowed, {closed} forbidden");
}

#[test]
fn scenarios_on_one_node() {
    if is_possible() {
        run(1);
    }
}

#[test]
fn scenarios_on_two_nodes() {
    if is_possible() {
        run(2);
    }
}
