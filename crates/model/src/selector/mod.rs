//! Label selectors: the text form of `labelSelector=` and the `LabelSelector` object (meta/v1).

mod error;
mod label_selector;
mod labels;
mod parse;
mod requirement;
#[cfg(test)]
mod tests;

pub use error::{InvalidValue, LabelRule, SelectorError};
pub use label_selector::Selector;
pub(crate) use label_selector::selector;
pub use requirement::Requirement;
