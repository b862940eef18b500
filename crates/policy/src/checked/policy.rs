//! NetworkPolicies.

use kinglet_model::{NetworkPolicy, Object, ObjectName, PolicyRule, Selector};

use super::rule::{Direction, Rule};
use super::{peers, ports};
use crate::problem::{Problem, Problems};

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) name: ObjectName,
    /// Which pods of its namespace it isolates.
    pub(crate) pods: Selector,
    /// What it allows on ingress, if it isolates there.
    ingress: Option<Vec<Rule>>,
    /// What it allows on egress, if it isolates there.
    egress: Option<Vec<Rule>>,
}

impl Policy {
    /// Checks a policy. Nothing if its `podSelector` is not valid, since then nobody knows which pods to
    /// isolate.
    pub(crate) fn check(policy: &NetworkPolicy, found: &mut Vec<Problem>) -> Option<Self> {
        let name = policy.object_name();
        let mut problems = Problems::of(&name, found);
        let pods = match &policy.pod_selector {
            Ok(selector) => selector.clone(),
            Err(error) => {
                problems.below("podSelector").add(error, "a label selector");
                return None;
            }
        };
        let (ingress, egress) = isolates(policy, &mut problems);
        let namespace = &name.namespace;
        let mut rules = |of: &[PolicyRule], field| rules(of, namespace, &mut problems, field);
        let ingress = ingress.then(|| rules(&policy.ingress, Direction::Ingress));
        let egress = egress.then(|| rules(&policy.egress, Direction::Egress));
        Some(Self {
            name: name.clone(),
            pods,
            ingress,
            egress,
        })
    }

    /// What it allows, if it isolates in this direction.
    pub(crate) fn rules(&self, direction: Direction) -> Option<&[Rule]> {
        match direction {
            Direction::Ingress => self.ingress.as_deref(),
            Direction::Egress => self.egress.as_deref(),
        }
    }
}

/// Whether a policy isolates for ingress and for egress. A list without a known type counts as missing: the
/// default of the API isolates for ingress at least, while an empty list would isolate for nothing.
fn isolates(policy: &NetworkPolicy, problems: &mut Problems<'_>) -> (bool, bool) {
    let types = &policy.policy_types;
    for (index, kind) in types.iter().enumerate() {
        if !matches!(&**kind, "Ingress" | "Egress") {
            let mut field = problems.below(format_args!("policyTypes[{index}]"));
            field.add(kind, "Ingress or Egress");
        }
    }
    let has = |wanted| types.iter().any(|kind| &**kind == wanted);
    match (has("Ingress"), has("Egress")) {
        // The default of the API: egress only with rules for it.
        (false, false) => (true, !policy.egress.is_empty()),
        both => both,
    }
}

fn rules(
    rules: &[PolicyRule],
    namespace: &str,
    problems: &mut Problems<'_>,
    direction: Direction,
) -> Vec<Rule> {
    let checked = rules.iter().enumerate().filter_map(|(number, rule)| {
        let mut problems = problems.below(format_args!("{direction}[{number}]"));
        let peers = peers::check(&rule.peers, namespace, direction, &mut problems);
        let ports = ports::check(&rule.ports, &mut problems);
        Some(Rule {
            number,
            peers: peers?,
            ports: ports?,
        })
    });
    checked.collect()
}
