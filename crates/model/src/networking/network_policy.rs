//! NetworkPolicy (networking.k8s.io/v1).

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;

use crate::object::{Meta, nullable, object};
use crate::selector::{Selector, SelectorError, selector};

/// A NetworkPolicy, flattened: the fields of `spec` are fields of the value itself, as written. Invalid
/// values are kept, so that they can be reported.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Wire")]
pub struct NetworkPolicy {
    /// Name.
    pub metadata: Meta,
    /// `spec.podSelector`: the pods of its namespace that it is about; a missing one selects all.
    pub pod_selector: Result<Selector, SelectorError>,
    /// `spec.policyTypes`.
    pub policy_types: Vec<Box<str>>,
    /// `spec.ingress`; an empty list allows as little as a missing one.
    pub ingress: Vec<PolicyRule>,
    /// `spec.egress`.
    pub egress: Vec<PolicyRule>,
}

object!(
    NetworkPolicy,
    "networking.k8s.io",
    "v1",
    "NetworkPolicy",
    "networkpolicies",
    true
);

/// An entry of `ingress` or `egress`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PolicyRule {
    /// `from` or `to`; an empty list means any peer, as a missing one does.
    #[serde(alias = "from", alias = "to", deserialize_with = "nullable")]
    pub peers: Vec<PolicyPeer>,
    /// `ports`; an empty list means all protocols and ports, as a missing one does.
    #[serde(deserialize_with = "nullable")]
    pub ports: Vec<PolicyPort>,
}

/// An entry of `from` or `to`. Missing and empty selectors differ: an empty one selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyPeer {
    /// `podSelector`.
    #[serde(deserialize_with = "selector")]
    pub pod_selector: Option<Result<Selector, SelectorError>>,
    /// `namespaceSelector`.
    #[serde(deserialize_with = "selector")]
    pub namespace_selector: Option<Result<Selector, SelectorError>>,
    /// `ipBlock`.
    pub ip_block: Option<IpBlock>,
}

/// `ipBlock` of a peer, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct IpBlock {
    /// `cidr`.
    pub cidr: Box<str>,
    /// `except`.
    #[serde(deserialize_with = "nullable")]
    pub except: Vec<Box<str>>,
}

/// An entry of `ports`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyPort {
    /// `protocol`.
    pub protocol: Option<Box<str>>,
    /// `port`; all ports of the protocol if missing.
    pub port: Option<PortReference>,
    /// `endPort`.
    pub end_port: Option<i64>,
}

/// `port` of an entry of `ports`, as written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum PortReference {
    /// A number, perhaps one that no port has.
    Number(i64),
    /// The name of a port of a container.
    Name(Arc<str>),
}

impl fmt::Display for PortReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(formatter),
            Self::Name(name) => name.fmt(formatter),
        }
    }
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    metadata: Meta,
    #[serde(default, deserialize_with = "nullable")]
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    #[serde(deserialize_with = "selector")]
    pod_selector: Option<Result<Selector, SelectorError>>,
    #[serde(deserialize_with = "nullable")]
    policy_types: Vec<Box<str>>,
    #[serde(deserialize_with = "nullable")]
    ingress: Vec<PolicyRule>,
    #[serde(deserialize_with = "nullable")]
    egress: Vec<PolicyRule>,
}

impl From<Wire> for NetworkPolicy {
    fn from(Wire { metadata, spec }: Wire) -> Self {
        Self {
            metadata,
            pod_selector: spec.pod_selector.unwrap_or_else(|| Ok(Selector::default())),
            policy_types: spec.policy_types,
            ingress: spec.ingress,
            egress: spec.egress,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn policy(spec: Value) -> NetworkPolicy {
        serde_json::from_value(json!({"metadata": {"name": "p", "namespace": "n"}, "spec": spec})).unwrap()
    }

    #[test]
    fn missing_and_empty_selectors_differ() {
        let from = json!([{"podSelector": {}}, {"namespaceSelector": null}, {"namespaceSelector": {"matchLabels": {"a": "b"}}}]);
        let policy = policy(json!({"podSelector": {}, "ingress": [{"from": from}, {}]}));
        let [rule, everything] = &policy.ingress[..] else {
            panic!("two rules")
        };
        assert_eq!(rule.peers[0].pod_selector, Some(Ok(Selector::default())));
        assert_eq!(rule.peers[1], PolicyPeer::default());
        assert!(rule.peers[2].namespace_selector.is_some());
        assert_eq!(*everything, PolicyRule::default());
    }

    #[test]
    fn what_is_not_valid_stays_to_be_seen() {
        let policy = policy(json!({
            "podSelector": {"matchExpressions": [{"key": "a", "operator": "Is"}]},
            "policyTypes": ["Sideways"],
            "egress": [{"ports": [{"port": 70_000, "endPort": -1, "protocol": "ICMP"}, {"port": "web"}],
                        "to": [{"ipBlock": {"cidr": "x", "except": null}}]}],
        }));
        assert!(policy.pod_selector.is_err());
        let rule = &policy.egress[0];
        assert_eq!(rule.ports[0].port, Some(PortReference::Number(70_000)));
        assert_eq!(rule.ports[1].port, Some(PortReference::Name("web".into())));
        assert_eq!(
            rule.peers[0].ip_block.as_ref().map(|block| &*block.cidr),
            Some("x")
        );
    }

    #[test]
    fn nothing_is_mandatory() {
        assert_eq!(
            policy(Value::Null),
            policy(json!({"ingress": null, "policyTypes": null}))
        );
    }
}
