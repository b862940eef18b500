//! ClusterNetworkPolicies, whose CRD is installed when a test wants it: one with what tests need of it, or
//! with `KINGLET_POLICY_API_CRD` that file. `tests/tools/install policyapi` fetches the ones of the network
//! policy API.

use std::sync::Arc;

use kinglet_kube::{Collection, Deletion, Resource};
use kinglet_model::{ClusterNetworkPolicy, ObjectName};
use serde_json::{Value, json};

use super::{CANARY, TURN, World};
use crate::hello::eventually;

impl World {
    /// Installs the CRD of ClusterNetworkPolicies.
    pub(crate) fn install_tiers(&mut self) {
        self.apply(&definition());
        let open = cluster_policy(TURN, "Admin", 0, &canaries(), &json!({}));
        eventually(|| self.try_apply(&open));
        self.tiers = true;
    }

    /// Serves ClusterNetworkPolicies in the oldest version only, as a cluster with an older CRD does.
    pub(crate) fn serve_oldest_tiers(&self) {
        let mut definition = definition();
        for version in definition["spec"]["versions"].as_array_mut().unwrap() {
            version["served"] = (version["name"] == "v1alpha2").into();
        }
        self.apply(&definition);
    }

    /// Removes the CRD, and with it all ClusterNetworkPolicies.
    pub(crate) fn uninstall_tiers(&mut self) {
        let definitions = Resource {
            group: "apiextensions.k8s.io".into(),
            version: "v1".into(),
            kind: "CustomResourceDefinition".into(),
            plural: "customresourcedefinitions".into(),
            namespaced: false,
            verbs: Arc::default(),
        };
        let definitions = Collection::new(self.client.clone(), definitions);
        let name = ObjectName::cluster("clusternetworkpolicies.policy.networking.k8s.io");
        self.runtime
            .block_on(definitions.delete(&name, &Deletion::default()))
            .unwrap();
        self.tiers = false;
    }

    pub(crate) fn delete_cluster_policy(&self, name: &str) {
        let policies = self.collection::<ClusterNetworkPolicy>();
        let name = ObjectName::cluster(name);
        self.runtime
            .block_on(policies.delete(&name, &Deletion::default()))
            .unwrap();
    }

    /// Both kinds arrive on their own ways, so the other one opens a port of UDP.
    pub(super) fn turn_tiers(&self) {
        let everybody = json!([{"namespaces": {}}]);
        let rule = |action: &str, port: u16| {
            let port = json!([{"udp": {"destinationPort": {"number": port}}}]);
            json!({"action": action, "from": everybody, "protocols": port})
        };
        let [open, closed] = self.ports_of_turn();
        // What is asked over TCP is for NetworkPolicies, whatever other policies of this tier say.
        let tcp = json!([{"tcp": {"destinationPort": {"range": {"start": 80, "end": 81}}}}]);
        let pass = json!({"action": "Pass", "from": everybody, "protocols": tcp});
        let rules = json!({
            "ingress": [pass, rule("Accept", open), rule("Deny", closed)],
            // No other policy may keep the asker from asking.
            "egress": [{"action": "Accept", "to": everybody}],
        });
        self.apply(&cluster_policy(TURN, "Admin", 0, &canaries(), &rules));
    }
}

/// Whether the CRD has what the API calls experimental: peers `nodes` and `domainNames`.
pub(crate) fn is_experimental() -> bool {
    let peer = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/egress/items/properties/to/items/properties";
    let definition = definition();
    let peers = definition.pointer(peer).unwrap();
    peers.get("nodes").is_some() && peers.get("domainNames").is_some()
}

fn definition() -> Value {
    let text = match std::env::var_os("KINGLET_POLICY_API_CRD") {
        Some(file) => {
            std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
        }
        None => include_str!("../crd.yaml").to_owned(),
    };
    serde_saphyr::from_str(&text).unwrap()
}

fn canaries() -> Value {
    json!({"namespaces": {"matchLabels": {"ns": CANARY}}})
}

/// A ClusterNetworkPolicy with these rules for `ingress` and `egress`.
pub(crate) fn cluster_policy(name: &str, tier: &str, priority: u32, subject: &Value, rules: &Value) -> Value {
    let mut spec = json!({"tier": tier, "priority": priority, "subject": subject});
    for (direction, list) in rules.as_object().unwrap() {
        spec[direction] = list.clone();
    }
    json!({
        "apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy",
        "metadata": {"name": name}, "spec": spec,
    })
}
