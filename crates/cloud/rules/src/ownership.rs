//! Which Nodes are ours: no others are written.
//!
//! | provider ID | ours when |
//! |---|---|
//! | `k3s://…` | always |
//! | none | it has the taint of an uninitialised node, or an address in an annotation |
//! | another's | it has an address in an annotation, and it has that taint or our instance type |
//!
//! The last row is for nodes whose kubelet was started with a provider ID that the user chose (for a cluster
//! autoscaler, for instance). Another cloud provider that runs in the cluster gives its Nodes an instance
//! type of its own; annotations that an agent once wrote to such a Node do not count.

use kinglet_model::Node;

use crate::annotation::value;
use crate::keys::{EXTERNAL_IP, INSTANCE_TYPE, INSTANCE_TYPE_LABELS, INTERNAL_IP, PROVIDER, UNINITIALIZED};

/// Whether a Node is ours to write.
pub(crate) fn is_ours(node: &Node) -> bool {
    // A provider ID is never changed once it is set: whose it names, its node is.
    if node.provider_id.starts_with(PROVIDER) {
        return true;
    }
    let has_value = |key: &str| value(&node.metadata, key).is_some();
    // Only a kubelet with --cloud-provider=external sets it, and then some provider has to come.
    let waits = node.is_tainted(UNINITIALIZED);
    if node.provider_id.is_empty() {
        return waits || has_value(INTERNAL_IP) || has_value(EXTERNAL_IP);
    }
    let [label, _] = INSTANCE_TYPE_LABELS;
    has_value(INTERNAL_IP) && (waits || node.metadata.label(label) == Some(INSTANCE_TYPE))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn node(provider: &str, tainted: bool, annotations: Value, labels: Value) -> Node {
        let taints = if tainted {
            json!([{"key": UNINITIALIZED, "effect": "NoSchedule"}])
        } else {
            json!([])
        };
        let metadata = json!({"name": "n", "annotations": annotations, "labels": labels});
        serde_json::from_value(
            json!({"metadata": metadata, "spec": {"providerID": provider, "taints": taints}}),
        )
        .unwrap()
    }

    #[test]
    fn whose_a_node_is() {
        let (nothing, said) = (json!({}), json!({"k3s.io/internal-ip": "10.0.0.1"}));
        let ours = json!({"node.kubernetes.io/instance-type": "k3s"});
        let theirs = json!({"node.kubernetes.io/instance-type": "m5.large"});
        let table = [
            ("k3s://n", false, &nothing, &nothing, true),
            ("k3s://n", true, &said, &theirs, true),
            ("", false, &nothing, &nothing, false),
            ("", true, &nothing, &nothing, true),
            ("", false, &said, &nothing, true),
            ("", false, &nothing, &said, true),
            ("", false, &nothing, &theirs, false),
            ("aws:///i-1", false, &nothing, &nothing, false),
            ("aws:///i-1", true, &nothing, &nothing, false),
            ("aws:///i-1", false, &said, &nothing, false),
            ("aws:///i-1", false, &said, &theirs, false),
            ("aws:///i-1", true, &said, &theirs, true),
            ("aws:///i-1", false, &said, &ours, true),
            ("aws:///i-1", false, &nothing, &ours, false),
        ];
        for (provider, tainted, annotations, labels, expected) in table {
            let node = node(provider, tainted, annotations.clone(), labels.clone());
            assert_eq!(
                is_ours(&node),
                expected,
                "{provider} {tainted} {annotations} {labels}"
            );
        }
    }
}
