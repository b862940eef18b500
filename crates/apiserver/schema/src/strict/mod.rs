//! Strict decoding: what a body says twice, says of fields that do not exist, or says in another type than
//! the schema's.
//!
//! Paths are written as Kubernetes writes them: `spec.template.spec.containers[0].foo`; keys of maps follow a
//! dot like any field.

mod errors;
mod fields;
mod parse;
mod types;
mod yaml;

pub use errors::{StrictError, message};
pub use fields::{drop_empty, drop_unknown};
pub use parse::{ParseError, decode_json};
pub use types::{TypeError, type_error};
pub use yaml::decode_yaml;

/// More findings than this are not reported, as in Kubernetes.
const MAX_FINDINGS: usize = 100;

/// The path of the node that a walk is at.
#[derive(Default)]
pub(crate) struct Path(String);

impl Path {
    /// Enters a field or a map's key; [`Path::leave`] takes the result.
    pub(crate) fn enter_field(&mut self, name: &str) -> usize {
        let length = self.0.len();
        if length > 0 {
            self.0.push('.');
        }
        self.0.push_str(name);
        length
    }

    /// Enters a list's item; [`Path::leave`] takes the result.
    pub(crate) fn enter_item(&mut self, index: usize) -> usize {
        let length = self.0.len();
        self.0.push_str(&format!("[{index}]"));
        length
    }

    /// Goes back to where the walk was before it entered.
    pub(crate) fn leave(&mut self, length: usize) {
        self.0.truncate(length);
    }

    /// The path as text.
    pub(crate) fn to_text(&self) -> String {
        self.0.clone()
    }
}
