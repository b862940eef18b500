//! What is wrong with an object.

use std::fmt;

use kinglet_model::ObjectName;

/// A part of an object that is left out because it cannot be served.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Kind of the object.
    pub kind: &'static str,
    /// Its name.
    pub object: ObjectName,
    /// The field at fault, as in `spec.ports[0].port`.
    pub field: String,
    /// What it says.
    pub value: String,
    /// What is accepted.
    pub accepted: &'static str,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            object,
            field,
            value,
            accepted,
        } = self;
        write!(
            formatter,
            "{kind} {object} {field}: {value:?} is not {accepted}; it is left out"
        )
    }
}

/// Collects the problems of one object.
pub(crate) struct Problems<'a> {
    kind: &'static str,
    object: ObjectName,
    found: &'a mut Vec<Problem>,
}

impl<'a> Problems<'a> {
    pub(crate) fn of(kind: &'static str, object: ObjectName, found: &'a mut Vec<Problem>) -> Self {
        Self { kind, object, found }
    }

    pub(crate) fn add(&mut self, field: impl Into<String>, value: impl Into<String>, accepted: &'static str) {
        self.found.push(Problem {
            kind: self.kind,
            object: self.object.clone(),
            field: field.into(),
            value: value.into(),
            accepted,
        });
    }
}
