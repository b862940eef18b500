//! What is wrong with a policy.

use std::fmt;

use kinglet_model::ObjectName;

/// A part of a policy that cannot be meant as it is written, or that matches nothing here. It allows nothing;
/// the rest of the policy counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The policy's name; without a namespace it is a ClusterNetworkPolicy.
    pub policy: ObjectName,
    /// The field at fault, as in `spec.ingress[0].ports[1].endPort`.
    pub field: String,
    /// What it says.
    pub value: String,
    /// What is accepted.
    pub accepted: &'static str,
    /// What that means.
    pub effect: &'static str,
}

/// What most problems mean.
const NO_EFFECT: &str = "it has no effect";

impl Problem {
    /// Whether the policy is a ClusterNetworkPolicy.
    pub fn is_of_cluster(&self) -> bool {
        self.policy.namespace.is_empty()
    }

    /// The field and what is wrong with it.
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

    /// The same where problems mean something else.
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
