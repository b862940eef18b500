//! Properties of plans for any Node.

use kinglet_model::Node;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::keys::UNINITIALIZED;
use crate::plan::{NodePlan, plan};
use crate::problem::NodeProblem;

fn entry() -> impl Strategy<Value = String> {
    prop_oneof![
        (0_u8..4, 0_u8..4).prop_map(|(a, b)| format!("10.0.{a}.{b}")),
        (0_u8..4).prop_map(|a| format!("fd00::{a}")),
        prop::sample::select(vec![
            "",
            " ",
            "x",
            "0.0.0.0",
            "::",
            "n1.example.com",
            "not a name",
            "fd00:0::1"
        ])
        .prop_map(str::to_owned),
    ]
}

fn list() -> impl Strategy<Value = Option<String>> {
    prop::option::weighted(
        0.8,
        prop::collection::vec(entry(), 0..4).prop_map(|all| all.join(",")),
    )
}

fn strings(keys: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop::collection::vec(list(), keys.len()).prop_map(move |values| {
        let filled = keys
            .iter()
            .zip(values)
            .filter_map(|(key, value)| Some(((*key).to_owned(), value?.into())));
        Value::Object(filled.collect())
    })
}

const ANNOTATIONS: &[&str] = &[
    "k3s.io/internal-ip",
    "k3s.io/external-ip",
    "k3s.io/internal-dns",
    "k3s.io/external-dns",
    "k3s.io/hostname",
    "alpha.kubernetes.io/provided-node-ip",
];
const LABELS: &[&str] = &[
    "k3s.io/internal-ip",
    "k3s.io/external-ip",
    "k3s.io/hostname",
    "node.kubernetes.io/instance-type",
    "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/zone",
    "node.kubernetes.io/exclude-from-external-load-balancers",
];

fn node() -> impl Strategy<Value = Node> {
    let present = prop::collection::vec(
        (
            prop::sample::select(vec!["InternalIP", "ExternalIP", "Hostname"]),
            entry(),
        )
            .prop_map(|(kind, address)| json!({"type": kind, "address": address})),
        0..4,
    );
    let provider = prop::sample::select(vec!["", "k3s://n", "aws:///i"]);
    let taints = prop::collection::vec(
        prop::sample::select(vec![UNINITIALIZED, "node.kubernetes.io/not-ready", "a"]),
        0..3,
    );
    (strings(ANNOTATIONS), strings(LABELS), present, provider, taints).prop_map(
        |(annotations, labels, present, provider, taints)| {
            let taints: Vec<Value> = taints
                .iter()
                .map(|key| json!({"key": key, "effect": "NoSchedule"}))
                .collect();
            serde_json::from_value(json!({
                "metadata": {"name": "n", "annotations": annotations, "labels": labels},
                "spec": {"providerID": provider, "taints": taints},
                "status": {"addresses": present},
            }))
            .unwrap()
        },
    )
}

/// Does what a plan says, as the API server would.
fn apply(node: &mut Node, plan: &NodePlan) {
    if let Some(addresses) = &plan.addresses {
        node.addresses.clone_from(addresses);
        return;
    }
    if let Some(wanted) = &plan.initialization {
        node.taints.clone_from(&wanted.taints);
        if let Some(provider_id) = &wanted.provider_id {
            node.provider_id = provider_id.as_str().into();
        }
        let labels = wanted.labels.iter();
        let labels = labels.map(|(key, value)| ((*key).into(), value.as_str().into()));
        node.metadata.labels.extend(labels);
    }
}

proptest! {
    /// Two writes bring any Node in line, and then nothing is wanted of it any more.
    #[test]
    fn plans_come_to_an_end(mut node in node()) {
        for _ in 0..2 {
            let plan = plan(&node);
            apply(&mut node, &plan);
        }
        let last = plan(&node);
        prop_assert_eq!(last.addresses, None);
        prop_assert_eq!(last.initialization, None);
    }

    /// Addresses do not depend on those that a Node has, but for host names that nobody else says.
    #[test]
    fn addresses_are_what_the_agent_says(node in node()) {
        let mut bare = node.clone();
        bare.addresses.retain(|one| &*one.kind == "Hostname");
        let (planned, of_bare) = (plan(&node), plan(&bare));
        let (mut after, mut after_bare) = (node, bare);
        apply(&mut after, &NodePlan { initialization: None, ..planned.clone() });
        apply(&mut after_bare, &NodePlan { initialization: None, ..of_bare });
        if planned.addresses.is_some() {
            prop_assert_eq!(after.addresses, after_bare.addresses);
        }
    }

    /// Nothing but the one taint goes, what a Node says of itself stays, and no Node joins without addresses
    /// or with a problem that blocks.
    #[test]
    fn initialization_is_careful(node in node()) {
        let plan = plan(&node);
        let blocked = plan.problems.iter().any(NodeProblem::is_blocking);
        prop_assert!(!blocked || (plan.addresses.is_none() && plan.initialization.is_none()));
        if let Some(wanted) = plan.initialization {
            prop_assert!(node.is_tainted(UNINITIALIZED));
            prop_assert!(node.addresses.iter().any(|one| &*one.kind == "InternalIP"));
            prop_assert_eq!(
                wanted.taints,
                node.taints.iter().filter(|one| &*one.key != UNINITIALIZED).cloned().collect::<Vec<_>>()
            );
            prop_assert!(wanted.provider_id.is_none() || node.provider_id.is_empty());
            for key in ["node.kubernetes.io/instance-type", "topology.kubernetes.io/zone"] {
                let said = node.metadata.label(key).filter(|value| !value.is_empty());
                prop_assert!(said.is_none() || !wanted.labels.contains_key(key));
            }
        }
    }
}
