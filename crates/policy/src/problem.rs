//! What is wrong with a policy.

use std::fmt;

use kinglet_model::ObjectName;

/// A part of a policy that is not valid, or that matches nothing in this cluster. It allows nothing; the rest
/// of the policy is enforced.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The policy's name; without a namespace it is a ClusterNetworkPolicy.
    pub policy: ObjectName,
    /// The field at fault, as in `spec.ingress[0].ports[1].endPort`.
    pub field: String,
    /// Its value.
    pub value: String,
    /// What is accepted.
    pub accepted: &'static str,
    /// The consequence.
    pub effect: &'static str,
}

/// The consequence of most problems.
const NO_EFFECT: &str = "it has no effect";

impl Problem {
    /// Whether the policy is a ClusterNetworkPolicy.
    pub fn is_of_cluster(&self) -> bool {
        self.policy.namespace.is_empty()
    }

    /// The field, what is wrong with it, and the consequence.
    pub fn note(&self) -> String {
        let Self {
            field,
            value,
            accepted,
            effect,
            ..
        } = self;
        format!("{field}: {value:?} is not {accepted}; {effect}")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_of_cluster() {
            "ClusterNetworkPolicy"
        } else {
            "NetworkPolicy"
        };
        write!(formatter, "{kind} {} {}", self.policy, self.note())
    }
}

/// Collects the problems below one field of a policy.
pub(crate) struct Problems<'a> {
    policy: &'a ObjectName,
    field: String,
    effect: &'static str,
    found: &'a mut Vec<Problem>,
}

impl<'a> Problems<'a> {
    pub(crate) fn of(policy: &'a ObjectName, found: &'a mut Vec<Problem>) -> Self {
        Self {
            policy,
            field: "spec".to_owned(),
            effect: NO_EFFECT,
            found,
        }
    }

    /// The same with another consequence.
    pub(crate) fn meaning(self, effect: &'static str) -> Self {
        Self { effect, ..self }
    }

    /// The same for a field below.
    pub(crate) fn below(&mut self, field: impl fmt::Display) -> Problems<'_> {
        Problems {
            policy: self.policy,
            field: format!("{}.{field}", self.field),
            effect: self.effect,
            found: self.found,
        }
    }

    pub(crate) fn add(&mut self, value: impl fmt::Display, accepted: &'static str) {
        self.found.push(Problem {
            policy: self.policy.clone(),
            field: self.field.clone(),
            value: value.to_string(),
            accepted,
            effect: self.effect,
        });
    }
}
