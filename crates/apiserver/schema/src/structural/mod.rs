//! Structural schemas of custom resources: the `openAPIV3Schema` of a CustomResourceDefinition's version.
//!
//! [`mod@check`] says whether a schema may be used at all; [`document`] completes it with what every object
//! has. A written object is then pruned, completed with defaults, validated, and judged by
//! its [`Rules`], in this order.

mod budget;
mod check;
mod combined;
mod correlate;
mod defaults;
mod formats;
mod keywords;
mod lists;
mod object;
mod rules;
mod validate;

pub use check::check;
pub use defaults::apply_defaults;
pub use object::document;
pub(crate) use object::with_object_fields;
pub use rules::{Rules, unusable as unusable_rules};
pub use validate::{keeps_rules_from_running, validate};

#[cfg(test)]
mod tests;
