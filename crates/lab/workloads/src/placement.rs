//! Whether a node suits a Pod by labels and taints: the rules that scheduler, DaemonSets and eviction share.

use super::objects::{Node, PodSpec, Taint, Toleration};

/// Effects of taints.
pub(super) const NO_SCHEDULE: &str = "NoSchedule";
pub(super) const NO_EXECUTE: &str = "NoExecute";
pub(super) const PREFER_NO_SCHEDULE: &str = "PreferNoSchedule";

/// Taints and tolerations of nodes in trouble.
pub(super) const TAINT_NOT_READY: &str = "node.kubernetes.io/not-ready";
pub(super) const TAINT_UNREACHABLE: &str = "node.kubernetes.io/unreachable";
pub(super) const TAINT_UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";
pub(super) const TAINT_MEMORY_PRESSURE: &str = "node.kubernetes.io/memory-pressure";
pub(super) const TAINT_DISK_PRESSURE: &str = "node.kubernetes.io/disk-pressure";
pub(super) const TAINT_PID_PRESSURE: &str = "node.kubernetes.io/pid-pressure";
pub(super) const TAINT_NETWORK_UNAVAILABLE: &str = "node.kubernetes.io/network-unavailable";

/// Whether node selector and required node affinity allow a node.
pub(super) fn selects(spec: &PodSpec, node: &Node) -> bool {
    let mut labels = spec.node_selector.iter();
    let selected = labels.all(|(key, value)| node.metadata.label(key) == Some(value));
    let terms = spec.node_terms.as_ref();
    selected && terms.is_none_or(|terms| terms.iter().any(|term| term.matches(node)))
}

impl Toleration {
    /// Whether it tolerates a taint. An empty key, with `Exists`, means every key; an empty effect every
    /// effect.
    pub(super) fn tolerates(&self, taint: &Taint) -> bool {
        let exists = &*self.operator == "Exists";
        let key = self.key == taint.key || (self.key.is_empty() && exists);
        let effect = self.effect.is_empty() || self.effect == taint.effect;
        key && effect && (exists || self.value == taint.value)
    }
}

/// Whether one of the tolerations tolerates a taint.
pub(super) fn tolerates(tolerations: &[Toleration], taint: &Taint) -> bool {
    tolerations.iter().any(|one| one.tolerates(taint))
}

/// The first taint of one of the effects that nothing tolerates.
pub(super) fn untolerated<'a>(
    tolerations: &[Toleration],
    taints: &'a [Taint],
    effects: &[&str],
) -> Option<&'a Taint> {
    let mut taints = taints.iter();
    taints.find(|taint| effects.contains(&&*taint.effect) && !tolerates(tolerations, taint))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn node(labels: Value) -> Node {
        serde_json::from_value(json!({"metadata": {"name": "n1", "labels": labels}})).unwrap()
    }

    fn spec(spec: Value) -> PodSpec {
        serde_json::from_value(spec).unwrap()
    }

    fn terms(terms: Value) -> PodSpec {
        let required =
            json!({"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}});
        spec(json!({"affinity": {"nodeAffinity": required}}))
    }

    #[test]
    fn selectors_and_terms() {
        let node = node(json!({"zone": "a", "disk": "ssd", "cores": "8"}));
        let one = |key: &str, operator: &str, values: Value| {
            terms(json!([{"matchExpressions": [{"key": key, "operator": operator, "values": values}]}]))
        };
        let field = |operator: &str, name: &str| {
            terms(
                json!([{"matchFields": [{"key": "metadata.name", "operator": operator, "values": [name]}]}]),
            )
        };
        let table = [
            (spec(json!({})), true),
            (spec(json!({"nodeSelector": {"zone": "a", "disk": "ssd"}})), true),
            (spec(json!({"nodeSelector": {"zone": "a", "gpu": "yes"}})), false),
            (one("zone", "In", json!(["b", "a"])), true),
            (one("zone", "In", json!(["b"])), false),
            (one("zone", "NotIn", json!(["b"])), true),
            (one("gpu", "NotIn", json!(["yes"])), true),
            (one("disk", "Exists", json!([])), true),
            (one("gpu", "Exists", json!(null)), false),
            (one("gpu", "DoesNotExist", json!([])), true),
            (one("cores", "Gt", json!(["4"])), true),
            (one("cores", "Gt", json!(["8"])), false),
            (one("cores", "Lt", json!(["16"])), true),
            (one("zone", "Gt", json!(["1"])), false),
            (one("cores", "Gt", json!(["many"])), false),
            (one("zone", "Near", json!(["a"])), false),
            (field("In", "n1"), true),
            (field("In", "n2"), false),
            (field("NotIn", "n1"), false),
            (terms(json!([{}])), false),
            (terms(json!([])), false),
        ];
        for (spec, expected) in table {
            assert_eq!(selects(&spec, &node), expected, "{spec:?}");
        }
        let either = terms(json!([
            {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["b"]}]},
            {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]},
        ]));
        assert!(selects(&either, &node));
    }

    #[test]
    fn tolerations() {
        let taint: Taint =
            serde_json::from_value(json!({"key": "k", "value": "v", "effect": "NoSchedule"})).unwrap();
        let table = [
            (
                json!({"key": "k", "operator": "Equal", "value": "v", "effect": "NoSchedule"}),
                true,
            ),
            (json!({"key": "k", "value": "v"}), true),
            (json!({"key": "k", "value": "w"}), false),
            (json!({"key": "k", "operator": "Exists"}), true),
            (
                json!({"key": "k", "operator": "Exists", "effect": "NoExecute"}),
                false,
            ),
            (json!({"operator": "Exists"}), true),
            (json!({"key": "other", "operator": "Exists"}), false),
            (json!({}), false),
        ];
        for (toleration, expected) in table {
            let one: Toleration = serde_json::from_value(toleration.clone()).unwrap();
            assert_eq!(one.tolerates(&taint), expected, "{toleration}");
        }
        let taints = [taint];
        assert!(untolerated(&[], &taints, &[NO_EXECUTE]).is_none());
        assert!(untolerated(&[], &taints, &[NO_SCHEDULE, NO_EXECUTE]).is_some());
    }
}
