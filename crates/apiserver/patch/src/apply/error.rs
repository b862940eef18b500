//! Why a configuration is not applied.

use super::managers::{Manager, Operation};
use super::path;
use super::set::FieldSet;

/// A configuration that is not applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// Fields of the configuration belong to others, with other values (409 `Conflict`).
    #[error("{message}")]
    Conflict {
        /// The message of the status.
        message: String,
        /// `details.causes`, all of the reason `FieldManagerConflict`.
        causes: Vec<ConflictCause>,
    },
    /// The configuration is not one of this kind, or has `managedFields` (400 `BadRequest`).
    #[error("{0}")]
    BadRequest(String),
    /// A value does not fit the schema (500, as Kubernetes answers it).
    #[error("{0}")]
    Failed(String),
}

/// A field that belongs to somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConflictCause {
    /// The path of the field, for instance `.spec.ports[port=80,protocol="TCP"].name`.
    pub field: String,
    /// Who owns it, for instance `conflict with "kubectl" using v1`.
    pub message: String,
}

impl ApplyError {
    /// The HTTP status by which Kubernetes answers.
    pub fn status(&self) -> u16 {
        match self {
            Self::Conflict { .. } => 409,
            Self::BadRequest(_) => 400,
            Self::Failed(_) => 500,
        }
    }
}

/// Conflicting fields by owner.
pub(super) struct Conflicts(pub(super) Vec<(Manager, FieldSet)>);

impl Conflicts {
    /// Without some fields; `None` when nothing remains.
    pub(super) fn without(self, fields: &FieldSet) -> Option<Self> {
        let left = self.0.into_iter().map(|(id, own)| (id, own.difference(fields)));
        let left: Vec<_> = left.filter(|(_, own)| !own.is_empty()).collect();
        (!left.is_empty()).then_some(Self(left))
    }

    fn message(&self, count: usize) -> String {
        let lines = self.0.iter().map(|(id, fields)| {
            let paths = fields.paths();
            let paths = paths.iter().map(|path| path::shown(path));
            match (count, paths.clone().next()) {
                (1, Some(only)) => format!("conflict with {}: {only}", owner(id)),
                _ => {
                    let paths: Vec<_> = paths.map(|path| format!("\n- {path}")).collect();
                    format!("conflicts with {}:{}", owner(id), paths.concat())
                }
            }
        });
        let plural = if count == 1 { "" } else { "s" };
        let lines: Vec<_> = lines.collect();
        format!("Apply failed with {count} conflict{plural}: {}", lines.join("\n"))
    }
}

impl From<Conflicts> for ApplyError {
    fn from(conflicts: Conflicts) -> Self {
        let causes = conflicts.0.iter().flat_map(|(id, fields)| {
            let message = format!("conflict with {}", owner(id));
            fields.paths().into_iter().map(move |path| ConflictCause {
                field: path::shown(&path),
                message: message.clone(),
            })
        });
        let causes: Vec<_> = causes.collect();
        Self::Conflict {
            message: conflicts.message(causes.len()),
            causes,
        }
    }
}

fn owner(id: &Manager) -> String {
    let mut text = format!("{:?}", id.name);
    if !id.subresource.is_empty() {
        text += &format!(" with subresource {:?}", id.subresource);
    }
    if id.operation == Operation::Update {
        text += &format!(" using {}", id.api_version);
    }
    text
}
