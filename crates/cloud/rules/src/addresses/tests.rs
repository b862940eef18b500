//! Tables: annotations and labels in, addresses out.

use serde_json::{Value, json};

use super::*;

/// A Node with the addresses that it has already.
fn node(annotations: &Value, labels: &Value, present: &Value) -> Node {
    serde_json::from_value(json!({
        "metadata": {"name": "test-node", "annotations": annotations, "labels": labels},
        "status": {"addresses": present},
    }))
    .unwrap()
}

/// `type address` of each, or of the problems.
fn lines(node: &Node) -> (Vec<String>, Vec<String>) {
    let (addresses, problems) = wanted(node);
    let addresses = addresses.into_iter().flatten();
    (
        addresses
            .map(|one| format!("{} {}", one.kind, one.address))
            .collect(),
        problems.iter().map(ToString::to_string).collect(),
    )
}

#[test]
fn annotations_in_order() {
    let table: [(Value, &[&str]); 9] = [
        (
            json!({"k3s.io/internal-ip": "10.0.0.1"}),
            &["InternalIP 10.0.0.1"],
        ),
        (
            json!({"k3s.io/internal-ip": "10.0.0.1", "k3s.io/external-ip": "1.2.3.4"}),
            &["InternalIP 10.0.0.1", "ExternalIP 1.2.3.4"],
        ),
        (
            json!({
                "k3s.io/internal-ip": "10.0.0.1", "k3s.io/external-ip": "1.2.3.4",
                "k3s.io/hostname": "test-node.example.com",
            }),
            &[
                "InternalIP 10.0.0.1",
                "ExternalIP 1.2.3.4",
                "Hostname test-node.example.com",
            ],
        ),
        (
            json!({
                "k3s.io/hostname": "h", "k3s.io/external-dns": "a.example.com,b.example.com",
                "k3s.io/internal-dns": "n.internal", "k3s.io/external-ip": "1.2.3.4,2001:db8::1",
                "k3s.io/internal-ip": "10.0.0.1,fd00::1",
            }),
            &[
                "InternalIP 10.0.0.1",
                "InternalIP fd00::1",
                "ExternalIP 1.2.3.4",
                "ExternalIP 2001:db8::1",
                "InternalDNS n.internal",
                "ExternalDNS a.example.com",
                "ExternalDNS b.example.com",
                "Hostname h",
            ],
        ),
        (
            json!({"k3s.io/internal-ip": " fd00::1 , ,10.0.0.1,"}),
            &["InternalIP fd00::1", "InternalIP 10.0.0.1"],
        ),
        (
            json!({"k3s.io/internal-ip": "fd00::1,10.0.0.1,fd00:0::1,10.0.0.1"}),
            &["InternalIP fd00::1", "InternalIP 10.0.0.1"],
        ),
        (
            json!({"k3s.io/internal-ip": "10.0.0.1,10.0.0.2", "alpha.kubernetes.io/provided-node-ip": "10.0.0.2"}),
            &["InternalIP 10.0.0.2", "InternalIP 10.0.0.1"],
        ),
        (
            json!({
                "k3s.io/internal-ip": "10.0.0.1,fd00::1", "k3s.io/external-ip": "1.2.3.4,1.2.3.5",
                "alpha.kubernetes.io/provided-node-ip": "fd00::1,1.2.3.5",
            }),
            &[
                "InternalIP fd00::1",
                "InternalIP 10.0.0.1",
                "ExternalIP 1.2.3.5",
                "ExternalIP 1.2.3.4",
            ],
        ),
        (
            json!({"k3s.io/internal-ip": "10.0.0.1,fd00::1", "alpha.kubernetes.io/provided-node-ip": "::"}),
            &["InternalIP fd00::1", "InternalIP 10.0.0.1"],
        ),
    ];
    for (annotations, expected) in table {
        let (addresses, problems) = lines(&node(&annotations, &json!({}), &json!([])));
        assert_eq!(addresses, expected, "{annotations}");
        assert!(problems.is_empty(), "{problems:?}");
    }
}

#[test]
fn labels_of_older_agents_are_no_lists_and_give_way_to_annotations() {
    let labels = json!({
        "k3s.io/internal-ip": "10.0.0.9", "k3s.io/external-ip": "9.9.9.9", "k3s.io/hostname": "old",
        "k3s.io/internal-dns": "ignored",
    });
    let table: [(Value, &[&str]); 2] = [
        (
            json!({}),
            &["InternalIP 10.0.0.9", "ExternalIP 9.9.9.9", "Hostname old"],
        ),
        (
            json!({"k3s.io/internal-ip": "10.0.0.1", "k3s.io/hostname": "new"}),
            &["InternalIP 10.0.0.1", "ExternalIP 9.9.9.9", "Hostname new"],
        ),
    ];
    for (annotations, expected) in table {
        let (addresses, _) = lines(&node(&annotations, &labels, &json!([])));
        assert_eq!(addresses, expected, "{annotations}");
    }
    let list = json!({"k3s.io/internal-ip": "10.0.0.1,10.0.0.2"});
    let (addresses, problems) = lines(&node(&json!({}), &list, &json!([])));
    assert!(addresses.is_empty());
    assert_eq!(problems.len(), 2);
}

#[test]
fn what_cannot_be_used_is_left_out_and_told() {
    let annotations = json!({
        "k3s.io/internal-ip": "10.0.0.1,10.0.0.300,127.0.0.1", "k3s.io/external-ip": "0.0.0.0",
        "k3s.io/external-dns": "no name, ok.example.com", "k3s.io/hostname": "h",
    });
    let (addresses, problems) = lines(&node(&annotations, &json!({}), &json!([])));
    assert_eq!(
        addresses,
        ["InternalIP 10.0.0.1", "ExternalDNS ok.example.com", "Hostname h"]
    );
    assert_eq!(
        problems,
        [
            "k3s.io/internal-ip: \"10.0.0.300\" is left out; an IPv4 or IPv6 address is accepted",
            "k3s.io/internal-ip: \"127.0.0.1\" is left out; an address by which others reach the node is accepted",
            "k3s.io/external-ip: \"0.0.0.0\" is left out; an address by which others reach the node is accepted",
            "k3s.io/external-dns: \"no name\" is left out; a name of at most 253 letters, digits, dashes, underscores and dots is accepted",
        ]
    );
}

#[test]
fn without_an_internal_address_nothing_is_known() {
    let table = [
        json!({}),
        json!({"k3s.io/external-ip": "1.2.3.4"}),
        json!({"k3s.io/internal-ip": ""}),
        json!({"k3s.io/internal-ip": "ten"}),
    ];
    for annotations in table {
        let (addresses, problems) = wanted(&node(&annotations, &json!({}), &json!([])));
        assert_eq!(addresses, None, "{annotations}");
        assert_eq!(problems.last(), Some(&NodeProblem::NoAddress));
    }
}

#[test]
fn the_kubelets_address_must_be_one_of_them() {
    let annotations = json!({
        "k3s.io/internal-ip": "10.0.0.1", "alpha.kubernetes.io/provided-node-ip": "10.0.0.2",
    });
    let (addresses, problems) = wanted(&node(&annotations, &json!({}), &json!([])));
    assert_eq!(addresses, None);
    assert_eq!(problems, [NodeProblem::ForeignNodeIp("10.0.0.2".to_owned())]);
}

#[test]
fn host_names_stay_when_the_agent_says_none() {
    let present = json!([
        {"type": "Hostname", "address": "kept"}, {"type": "ExternalIP", "address": "1.2.3.4"},
    ]);
    let annotations = json!({"k3s.io/internal-ip": "10.0.0.1"});
    let (addresses, _) = lines(&node(&annotations, &json!({}), &present));
    assert_eq!(addresses, ["InternalIP 10.0.0.1", "Hostname kept"]);
}
