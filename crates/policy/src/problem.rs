//! What is wrong with a policy.

use std::fmt;

use kinglet_model::ObjectName;

/// A part of a NetworkPolicy that cannot be meant as it is written. It allows nothing; the rest of the policy counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The policy's name.
    pub policy: ObjectName,
    /// The field at fault, as in `spec.ingress[0].ports[1].endPort`.
    pub field: String,
    /// What it says.
    pub value: String,
    /// What is accepted.
    pub accepted: &'static str,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            policy,
            field,
            value,
            accepted,
        } = self;
        write!(
            formatter,
            "NetworkPolicy {policy} {field}: {value:?} is not {accepted}; it has no effect"
        )
    }
}

/// Collects the problems below one field of a policy.
pub(crate) struct Problems<'a> {
    policy: &'a ObjectName,
    field: String,
    found: &'a mut Vec<Problem>,
}

impl<'a> Problems<'a> {
    pub(crate) fn of(policy: &'a ObjectName, found: &'a mut Vec<Problem>) -> Self {
        let field = "spec".to_owned();
        Self { policy, field, found }
    }

    /// The same for a field below.
    pub(crate) fn below(&mut self, field: impl fmt::Display) -> Problems<'_> {
        Problems {
            policy: self.policy,
            field: format!("{}.{field}", self.field),
            found: self.found,
        }
    }

    pub(crate) fn add(&mut self, value: impl fmt::Display, accepted: &'static str) {
        self.found.push(Problem {
            policy: self.policy.clone(),
            field: self.field.clone(),
            value: value.to_string(),
            accepted,
        });
    }
}
