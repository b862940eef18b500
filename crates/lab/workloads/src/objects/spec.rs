//! What a Pod's `spec` says about where the Pod may run.

mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

use kinglet_model::{Requirement, Selector};
use serde::Deserialize;

use super::quantity::Resources;
use super::{Node, nullable, selector};

/// The part of a Pod's `spec`, or of a template's, that decides about its node.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "wire::Spec")]
pub(crate) struct PodSpec {
    /// Empty while the Pod is not bound.
    pub(crate) node_name: Arc<str>,
    pub(crate) scheduler_name: Box<str>,
    /// Whether `schedulingGates` hold the Pod back.
    pub(crate) gated: bool,
    pub(crate) host_network: bool,
    pub(crate) priority: i32,
    /// `preemptionPolicy` is `Never`.
    pub(crate) never_preempts: bool,
    pub(crate) node_selector: BTreeMap<Box<str>, Box<str>>,
    /// Required node affinity: one of the terms must match.
    pub(crate) node_terms: Option<Vec<NodeTerm>>,
    pub(crate) preferred_nodes: Vec<Weighted<NodeTerm>>,
    pub(crate) affinity: Vec<PodTerm>,
    pub(crate) preferred_affinity: Vec<Weighted<PodTerm>>,
    pub(crate) anti_affinity: Vec<PodTerm>,
    pub(crate) preferred_anti_affinity: Vec<Weighted<PodTerm>>,
    pub(crate) spread: Vec<Spread>,
    pub(crate) tolerations: Vec<Toleration>,
    pub(crate) host_ports: Vec<HostPort>,
    pub(crate) requests: Resources,
}

/// A preference and how much it counts (1 to 100).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Weighted<T> {
    pub(crate) weight: i64,
    pub(crate) term: T,
}

/// A `NodeSelectorTerm`: all of it must match; an empty one matches nothing.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "wire::NodeTerm")]
pub(crate) struct NodeTerm {
    /// `None` when an expression cannot be understood: nothing matches.
    pub(crate) labels: Option<Selector>,
    pub(crate) fields: Option<Selector>,
}

impl NodeTerm {
    pub(crate) fn matches(&self, node: &Node) -> bool {
        let (Some(labels), Some(fields)) = (&self.labels, &self.fields) else {
            return false;
        };
        let empty = labels.is_empty() && fields.is_empty();
        !empty && labels.matches(&node.metadata.labels) && fields.matches_with(|field| node.field(field))
    }

    /// The names of the only nodes that can match, when the term names nodes.
    pub(crate) fn node_names(&self) -> Option<&[Box<str>]> {
        let fields = self.fields.as_ref()?.requirements.iter();
        fields
            .filter_map(|one| match one {
                Requirement::In(key, names) if &**key == "metadata.name" => Some(names.as_slice()),
                _ => None,
            })
            .next()
    }
}

/// A `PodAffinityTerm`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PodTerm {
    /// Which Pods; `None` selects none.
    #[serde(deserialize_with = "selector")]
    pub(crate) label_selector: Option<Selector>,
    /// In which namespaces; with neither of the two, in the Pod's own.
    #[serde(deserialize_with = "nullable")]
    pub(crate) namespaces: Vec<Box<str>>,
    #[serde(deserialize_with = "selector")]
    pub(crate) namespace_selector: Option<Selector>,
    pub(crate) topology_key: Box<str>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) match_label_keys: Vec<Box<str>>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) mismatch_label_keys: Vec<Box<str>>,
}

/// A `TopologySpreadConstraint`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Spread {
    pub(crate) max_skew: i64,
    pub(crate) topology_key: Box<str>,
    pub(crate) when_unsatisfiable: Box<str>,
    #[serde(deserialize_with = "selector")]
    pub(crate) label_selector: Option<Selector>,
    pub(crate) min_domains: Option<usize>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) match_label_keys: Vec<Box<str>>,
    pub(crate) node_affinity_policy: Box<str>,
    pub(crate) node_taints_policy: Box<str>,
}

impl Spread {
    /// Whether the Pod rather waits than breaks it.
    pub(crate) fn is_hard(&self) -> bool {
        &*self.when_unsatisfiable != "ScheduleAnyway"
    }
}

/// A `Toleration`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Toleration {
    pub(crate) key: Box<str>,
    pub(crate) operator: Box<str>,
    pub(crate) value: Box<str>,
    pub(crate) effect: Box<str>,
    pub(crate) toleration_seconds: Option<i64>,
}

/// A port that a Pod takes on its node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct HostPort {
    /// `0.0.0.0` when it is taken on all addresses.
    pub(crate) ip: Box<str>,
    pub(crate) protocol: Box<str>,
    pub(crate) port: u16,
}
