//! Why a Pod is not on a node, in the words of kube-scheduler.

use std::collections::BTreeMap;

use super::super::objects::Taint;

/// Why a node does not suit a Pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// Its name is not among those that the Pod's node affinity names.
    NodeName,
    Unschedulable,
    Tainted(Taint),
    NotSelected,
    PortConflict,
    TooManyPods {
        /// Whether it would not do even without other Pods.
        unresolvable: bool,
    },
    Insufficient {
        resource: Box<str>,
        /// Whether it would not do even without other Pods.
        unresolvable: bool,
    },
    Spread,
    /// A label that a spread constraint counts by is missing.
    MissingLabel,
    Affinity,
    AntiAffinity,
    /// Pods on the node do not want the Pod near.
    ExistingAntiAffinity,
}

impl Reason {
    fn text(&self) -> String {
        let text = match self {
            Self::NodeName => "node(s) didn't satisfy plugin(s) [NodeAffinity]",
            Self::Unschedulable => "node(s) were unschedulable",
            Self::Tainted(taint) => {
                return format!("node(s) had untolerated taint {{{}: {}}}", taint.key, taint.value);
            }
            Self::NotSelected => "node(s) didn't match Pod's node affinity/selector",
            Self::PortConflict => "node(s) didn't have free ports for the requested pod ports",
            Self::TooManyPods { .. } => "Too many pods",
            Self::Insufficient { resource, .. } => return format!("Insufficient {resource}"),
            Self::Spread => "node(s) didn't match pod topology spread constraints",
            Self::MissingLabel => {
                "node(s) didn't match pod topology spread constraints (missing required label)"
            }
            Self::Affinity => "node(s) didn't match pod affinity rules",
            Self::AntiAffinity => "node(s) didn't match pod anti-affinity rules",
            Self::ExistingAntiAffinity => "node(s) didn't satisfy existing pods anti-affinity rules",
        };
        text.to_owned()
    }

    /// Whether deleting other Pods would not make the node suitable.
    fn is_unresolvable(&self) -> bool {
        match self {
            Self::NodeName
            | Self::Unschedulable
            | Self::Tainted(_)
            | Self::NotSelected
            | Self::MissingLabel
            | Self::Affinity => true,
            Self::TooManyPods { unresolvable } | Self::Insufficient { unresolvable, .. } => *unresolvable,
            Self::PortConflict | Self::Spread | Self::AntiAffinity | Self::ExistingAntiAffinity => false,
        }
    }
}

/// The message for a Pod that no node suits; `reasons` holds those of every node.
pub(super) fn message(reasons: &[Vec<Reason>], never_preempts: bool) -> String {
    if reasons.is_empty() {
        return "no nodes available to schedule pods".to_owned();
    }
    let each = reasons.iter().flatten().map(Reason::text);
    let preemption = if never_preempts {
        "not eligible due to preemptionPolicy=Never.".to_owned()
    } else {
        let each = reasons.iter().map(|one| {
            let unresolvable = one.iter().any(Reason::is_unresolvable);
            let text = if unresolvable {
                "Preemption is not helpful for scheduling"
            } else {
                "No preemption victims found for incoming pod"
            };
            text.to_owned()
        });
        histogram(reasons.len(), each)
    };
    let nodes = histogram(reasons.len(), each);
    format!("{nodes} no new claims to deallocate, preemption: {preemption}")
}

/// Counted texts, in the order of their letters.
fn histogram(nodes: usize, texts: impl Iterator<Item = String>) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    texts.for_each(|text| *counts.entry(text).or_default() += 1);
    let mut counted: Vec<String> = counts
        .into_iter()
        .map(|(text, count)| format!("{count} {text}"))
        .collect();
    counted.sort();
    format!("0/{nodes} nodes are available: {}.", counted.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_counted_and_sorted_as_text() {
        let taint = Taint {
            key: "dedicated".into(),
            value: "db".into(),
            ..Taint::default()
        };
        let reasons = [
            vec![Reason::Tainted(taint.clone())],
            vec![Reason::PortConflict],
            vec![Reason::Tainted(taint)],
        ];
        assert_eq!(
            message(&reasons, false),
            "0/3 nodes are available: 1 node(s) didn't have free ports for the requested pod ports, \
             2 node(s) had untolerated taint {dedicated: db}. no new claims to deallocate, preemption: \
             0/3 nodes are available: 1 No preemption victims found for incoming pod, \
             2 Preemption is not helpful for scheduling."
        );
        assert_eq!(message(&[], false), "no nodes available to schedule pods");
        assert_eq!(
            message(&[vec![Reason::Unschedulable]], true),
            "0/1 nodes are available: 1 node(s) were unschedulable. no new claims to deallocate, preemption: \
             not eligible due to preemptionPolicy=Never."
        );
    }
}
