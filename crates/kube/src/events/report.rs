//! What is reported about an object.

use kinglet_model::{Meta, Object, ObjectName};

use crate::resource::Resource;

/// Whether an Event tells of normal work or of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// `type: Normal`.
    Normal,
    /// `type: Warning`.
    Warning,
}

/// The object that an Event is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectReference {
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// Namespace and name.
    pub name: ObjectName,
    /// `uid`.
    pub uid: String,
}

impl ObjectReference {
    /// A reference to a watched object.
    pub fn of<K: Object>(meta: &Meta) -> Self {
        Self {
            api_version: Resource::of::<K>().api_version(),
            kind: K::KIND.to_owned(),
            name: meta.object_name(),
            uid: meta.uid.to_string(),
        }
    }
}

/// What is to be reported.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Report {
    /// The object.
    pub regarding: ObjectReference,
    /// Normal or warning.
    pub severity: Severity,
    /// Machine-readable reason in CamelCase.
    pub reason: &'static str,
    /// What the component was doing, in CamelCase.
    pub action: &'static str,
    /// The text for people.
    pub note: String,
}
