//! Manifests that Kinglet applies by itself: those packaged in the binary and those of a directory.
//!
//! In: YAML or JSON text. Out: objects, applied server-side as field manager `kinglet-addons`.
//!
//! Invariant: knows no component. A file that cannot be read, parsed or applied does not keep others from
//! being applied.

mod directory;
mod manifest;
mod read;

pub use directory::Directory;
pub use manifest::{ManifestError, apply, parse};
pub use read::{ReadError, read};
