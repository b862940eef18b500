//! The kernel takes the rules of all scenarios, one after another by their differences.

use std::path::Path;
use std::sync::Arc;

use kinglet_model::Object;
use kinglet_nft::{Connection, Ownership};
use kinglet_policy::{Policies, PolicySettings};
use serde_json::Value;

use crate::commit;
use kinglet_test_support::netns::in_namespace;

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap();
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn decode<T: Object>(object: &Value) -> T {
    serde_json::from_value(object.clone()).unwrap()
}

fn apply(policies: &mut Policies, object: &Value) {
    match object["kind"].as_str() {
        Some("Namespace") => policies.apply_namespace(&decode(object)),
        Some("Pod") => policies.apply_pod(Arc::new(decode(object))),
        Some("Node") => policies.apply_node(&decode(object)),
        Some("NetworkPolicy") => policies.apply_policy(&decode(object)),
        Some("ClusterNetworkPolicy") => policies.apply_cluster_policy(&decode(object)),
        other => panic!("{other:?}"),
    }
}

/// Takes the policies of a case away again.
fn remove(policies: &mut Policies, object: &Value) {
    let metadata = &object["metadata"];
    let text = |field: &str| metadata[field].as_str().unwrap_or_default();
    let name = kinglet_model::ObjectName::new(text("namespace"), text("name"));
    match object["kind"].as_str() {
        Some("NetworkPolicy") => policies.remove_policy(&name),
        Some("ClusterNetworkPolicy") => policies.remove_cluster_policy(&name),
        _ => {}
    }
}

#[test]
fn the_kernel_takes_the_rules_of_all_scenarios() {
    in_namespace(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
        let settings = PolicySettings {
            node: "n1".into(),
            ..PolicySettings::default()
        };
        let mut policies = Policies::new(settings, Ownership::Shared);
        let base = read(&folder.join("cluster.yaml"));
        let base = base["objects"].as_array().unwrap();
        base.iter().for_each(|object| apply(&mut policies, object));
        let mut connection = Connection::open().unwrap();
        commit(&mut connection, &policies.replacement());
        let mut changed = 0;
        for file in folder.join("cases").read_dir().unwrap() {
            for case in read(&file.unwrap().path()).as_array().unwrap() {
                let objects = case["objects"].as_array().unwrap();
                objects.iter().for_each(|object| apply(&mut policies, object));
                commit(&mut connection, &policies.additions());
                let changes = policies.changes();
                changed += usize::from(!changes.is_empty());
                commit(&mut connection, &changes);
                let differences = connection.differences(&policies.ruleset()).unwrap();
                assert!(differences.is_empty(), "{differences:?} after {case}");
                objects.iter().for_each(|object| remove(&mut policies, object));
                base.iter().for_each(|object| apply(&mut policies, object));
                policies.sweep();
            }
        }
        assert!(changed > 80, "{changed} cases changed the rules");
    });
}
