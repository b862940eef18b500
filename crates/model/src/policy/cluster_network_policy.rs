//! ClusterNetworkPolicy (policy.networking.k8s.io, v1beta1 and v1alpha2), an optional kind.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::object::{Meta, nullable, object};
use crate::selector::{Selector, SelectorError, selector};

/// A ClusterNetworkPolicy, flattened: the fields of `spec` are fields of the value itself, as written.
/// Invalid values and unknown fields are kept, so that they can be reported, and so that a rule with an
/// unknown field is not enforced as a wider one.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "Wire")]
pub struct ClusterNetworkPolicy {
    /// Name.
    pub metadata: Meta,
    /// `spec.tier`.
    pub tier: Box<str>,
    /// `spec.priority`: lower ones come first.
    pub priority: Option<i64>,
    /// `spec.subject`: the pods that it is about.
    pub subject: ClusterPeer,
    /// `spec.ingress`.
    pub ingress: Vec<ClusterRule>,
    /// `spec.egress`.
    pub egress: Vec<ClusterRule>,
}

object!(
    ClusterNetworkPolicy,
    "policy.networking.k8s.io",
    // The same fields; only newer definitions have v1beta1.
    ["v1beta1", "v1alpha2"],
    "ClusterNetworkPolicy",
    "clusternetworkpolicies",
    false
);

/// Fields that are not known, by name.
pub type Unknown = BTreeMap<Box<str>, IgnoredAny>;

/// A label selector as written, or what is wrong with it; nothing if the field is missing.
type Written = Option<Result<Selector, SelectorError>>;

/// An entry of `ingress` or `egress`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ClusterRule {
    /// `name`.
    #[serde(deserialize_with = "nullable")]
    pub name: Box<str>,
    /// `action`.
    #[serde(deserialize_with = "nullable")]
    pub action: Box<str>,
    /// `from` or `to`.
    #[serde(alias = "from", alias = "to", deserialize_with = "nullable")]
    pub peers: Vec<ClusterPeer>,
    /// `protocols`; a missing list means all traffic.
    pub protocols: Option<Vec<ClusterProtocol>>,
    /// Others.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// An entry of `from` or `to`, or a `subject`: exactly one field is accepted.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterPeer {
    /// `namespaces`: all pods of namespaces with these labels.
    #[serde(deserialize_with = "selector")]
    pub namespaces: Written,
    /// `pods`.
    pub pods: Option<NamespacedPods>,
    /// `networks`.
    pub networks: Option<Vec<Box<str>>>,
    /// `nodes`: addresses of nodes with these labels.
    #[serde(deserialize_with = "selector")]
    pub nodes: Written,
    /// `domainNames`.
    pub domain_names: Option<Vec<Box<str>>>,
    /// Others.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// `pods` of a peer or subject.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NamespacedPods {
    /// `namespaceSelector`.
    #[serde(deserialize_with = "selector")]
    pub namespace_selector: Written,
    /// `podSelector`.
    #[serde(deserialize_with = "selector")]
    pub pod_selector: Written,
    /// Others.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// An entry of `protocols`: exactly one field is accepted.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterProtocol {
    /// `tcp`.
    pub tcp: Option<ClusterPorts>,
    /// `udp`.
    pub udp: Option<ClusterPorts>,
    /// `sctp`.
    pub sctp: Option<ClusterPorts>,
    /// `destinationNamedPort`.
    pub destination_named_port: Option<Arc<str>>,
    /// Others.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// `tcp`, `udp` or `sctp`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterPorts {
    /// `destinationPort`; all ports if missing.
    pub destination_port: Option<DestinationPort>,
    /// Others.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// `destinationPort`: exactly one field is accepted.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct DestinationPort {
    /// `number`.
    pub number: Option<i64>,
    /// `range`.
    pub range: Option<PortRange>,
    /// Others.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// `range` of a port, both ends included.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct PortRange {
    /// `start`.
    pub start: Option<i64>,
    /// `end`.
    pub end: Option<i64>,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    metadata: Meta,
    #[serde(default, deserialize_with = "nullable")]
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    #[serde(deserialize_with = "nullable")]
    tier: Box<str>,
    priority: Option<i64>,
    #[serde(deserialize_with = "nullable")]
    subject: ClusterPeer,
    #[serde(deserialize_with = "nullable")]
    ingress: Vec<ClusterRule>,
    #[serde(deserialize_with = "nullable")]
    egress: Vec<ClusterRule>,
}

impl From<Wire> for ClusterNetworkPolicy {
    fn from(Wire { metadata, spec }: Wire) -> Self {
        Self {
            metadata,
            tier: spec.tier,
            priority: spec.priority,
            subject: spec.subject,
            ingress: spec.ingress,
            egress: spec.egress,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn policy(spec: Value) -> ClusterNetworkPolicy {
        serde_json::from_value(json!({"metadata": {"name": "p"}, "spec": spec})).unwrap()
    }

    #[test]
    fn fields_that_are_not_known_stay_to_be_seen() {
        let policy = policy(json!({
            "tier": "Admin", "priority": 7, "subject": {"namespaces": {}},
            "ingress": [{"action": "Deny", "from": [{"namespaces": {}}, {"planets": {"a": [1]}}], "when": "full moon"}],
            "egress": [{"action": "Accept", "to": [{"nodes": {"matchLabels": {"a": "b"}}}], "protocols": [
                {"tcp": {"destinationPort": {"number": 80}}}, {"udp": {"destinationPort": {"range": {"start": 1, "end": 2}}}},
                {"destinationNamedPort": "web"}, {"sctp": {}}, {"quic": null},
            ]}],
        }));
        let [rule] = &policy.ingress[..] else {
            panic!("one rule")
        };
        assert_eq!(rule.unknown.keys().collect::<Vec<_>>(), [&Box::from("when")]);
        assert!(rule.peers[0].namespaces.is_some() && rule.peers[0].unknown.is_empty());
        assert_eq!(
            rule.peers[1].unknown.keys().collect::<Vec<_>>(),
            [&Box::from("planets")]
        );
        let protocols = policy.egress[0].protocols.as_ref().unwrap();
        let tcp = protocols[0]
            .tcp
            .as_ref()
            .unwrap()
            .destination_port
            .as_ref()
            .unwrap();
        assert_eq!((tcp.number, tcp.range.as_ref()), (Some(80), None));
        assert_eq!(protocols[2].destination_named_port.as_deref(), Some("web"));
        assert_eq!(protocols[3].sctp, Some(ClusterPorts::default()));
        assert!(protocols[4].unknown.contains_key("quic"));
    }

    #[test]
    fn nothing_is_mandatory() {
        let empty = policy(json!({"tier": null, "subject": null, "ingress": null}));
        assert_eq!(policy(Value::Null), empty);
        assert_eq!(empty.subject, ClusterPeer::default());
    }
}
