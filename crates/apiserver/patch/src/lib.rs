//! Patches of Kubernetes objects: JSON patch, merge patch, strategic merge patch and server-side apply.
//!
//! In: objects and patches as JSON, and the schema of the kind. Out: the patched object, or what is wrong
//! with the patch.
//!
//! Invariant: pure; knows no HTTP, no store and no clock.

pub mod apply;
mod error;
mod json;
mod strategic;

pub use error::PatchError;
pub use json::{json_patch, merge_patch};
pub use strategic::strategic;
