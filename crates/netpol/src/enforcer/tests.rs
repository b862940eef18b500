//! What others do to the table while nobody listens. Root is needed.

use std::process::Command;

use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use std::sync::Arc;

use kinglet_model::NetworkPolicy;

use super::*;
use crate::kernel::Kernel;
use kinglet_test_support::netns::in_namespace;

fn nft(arguments: &str) {
    let status = Command::new("nft").args(arguments.split(' ')).status();
    assert!(status.unwrap().success(), "{arguments}");
}

fn made<T: DeserializeOwned>(object: Json) -> T {
    serde_json::from_value(object).unwrap()
}

/// One pod, which one network may reach.
fn enforcer() -> Enforcer {
    let kernel = Kernel::open().unwrap();
    let settings = PolicySettings {
        node: "here".into(),
        ..PolicySettings::default()
    };
    let mut enforcer = Enforcer::new(kernel.tables, settings, Ownership::Shared, Vec::new());
    let pod = json!({
        "metadata": {"namespace": "shop", "name": "web"},
        "spec": {"nodeName": "here"},
        "status": {"phase": "Running", "podIP": "10.42.0.7"},
    });
    let policy = json!({
        "metadata": {"namespace": "shop", "name": "p"},
        "spec": {"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "198.51.100.0/24"}}]}]},
    });
    enforcer.apply(vec![
        Input::Pod(Change::Applied(Arc::new(made(pod)))),
        Input::Policy(Change::Applied(Arc::new(made(policy)))),
    ]);
    enforcer
}

/// What is not as it was committed.
fn line(enforcer: &mut Enforcer) -> String {
    let found = enforcer.compare().unwrap();
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    found.join(", ")
}

#[test]
fn damage_is_found_and_replaced() {
    in_namespace(|| {
        let mut enforcer = enforcer();
        let found = |enforcer: &mut Enforcer| line(enforcer);
        assert_eq!(found(&mut enforcer), "the table is missing");
        enforcer.replace().unwrap();
        assert_eq!(found(&mut enforcer), "");
        for (damage, expected) in [
            ("delete table inet kinglet-netpol", "the table is missing"),
            (
                "add table inet kinglet-netpol { flags dormant ; }",
                "the table's hooks",
            ),
            ("flush map inet kinglet-netpol in4", "set in4"),
            (
                "delete element inet kinglet-netpol known4 { 10.42.0.7 }",
                "set known4",
            ),
            (
                "insert rule inet kinglet-netpol np_forward accept ; flush chain inet kinglet-netpol deny",
                "chain deny, chain np_forward",
            ),
            ("add chain inet kinglet-netpol foreign", "chain foreign"),
        ] {
            nft(damage);
            assert_eq!(found(&mut enforcer), expected, "{damage}");
            enforcer.replace().unwrap();
            assert_eq!(found(&mut enforcer), "", "after {damage}");
        }
        // Later changes are part of what should be.
        let gone = made::<NetworkPolicy>(json!({"metadata": {"namespace": "shop", "name": "p"}}));
        enforcer.apply(vec![Input::Policy(Change::Deleted(Arc::new(gone)))]);
        let committed = enforcer.commit().unwrap();
        // Nothing leads to the profile any more, which is there until it is swept.
        assert_eq!((committed.policies, committed.profiles), (0, 0));
        assert_eq!(committed.idle_profiles, 1);
        assert_eq!(found(&mut enforcer), "");
        while enforcer.sweep().unwrap().has_idle {}
        assert_eq!(found(&mut enforcer), "");
    });
}
