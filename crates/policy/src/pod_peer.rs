//! The pods that a selector means.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use kinglet_model::{Pod, Selector};

use crate::labels::Labels;

/// Pods by their labels, in one namespace or in namespaces by theirs. Equal, and ordered, by meaning.
#[derive(Clone, Debug)]
pub(crate) struct PodPeer {
    pub(crate) scope: Scope,
    pods: Selector,
    text: Arc<str>,
}

/// Where pods are looked for.
#[derive(Clone, Debug)]
pub(crate) enum Scope {
    /// In one namespace.
    Namespace(Arc<str>),
    /// In namespaces with matching labels.
    Matching(Selector),
}

impl PodPeer {
    pub(crate) fn new(scope: Scope, pods: Selector) -> Self {
        let text = match &scope {
            Scope::Namespace(name) => format!("namespace {name} pods {}", ordered(&pods)),
            Scope::Matching(selector) => {
                format!("namespaces {} pods {}", ordered(selector), ordered(&pods))
            }
        };
        let text = text.into();
        Self { scope, pods, text }
    }

    /// Whether it means a pod. `namespace` are the labels of the pod's namespace; one that is not known has
    /// none to match.
    pub(crate) fn matches(&self, pod: &Pod, namespace: Option<&Labels>) -> bool {
        let inside = match &self.scope {
            Scope::Namespace(name) => pod.metadata.namespace == *name,
            Scope::Matching(selector) => namespace.is_some_and(|labels| selector.matches(labels)),
        };
        inside && self.pods.matches(&pod.metadata.labels)
    }
}

/// A selector's requirements in an order that does not depend on how they were written.
pub(crate) fn ordered(selector: &Selector) -> String {
    let mut requirements: Vec<_> = selector.requirements.iter().map(ToString::to_string).collect();
    // Requirements are all needed, in whatever order: equal selectors must share one set.
    requirements.sort();
    requirements.dedup();
    format!("{{{}}}", requirements.join(","))
}

impl fmt::Display for PodPeer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl PartialEq for PodPeer {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for PodPeer {}

impl PartialOrd for PodPeer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PodPeer {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}
