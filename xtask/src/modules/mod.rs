//! The modules of a crate: what each defines and names, and where the names lead.

mod definition;
mod names;
mod resolve;
mod tree;

pub(crate) use definition::{Definition, DefinitionKind};
pub(crate) use names::Names;
pub(crate) use resolve::Target;
pub(crate) use tree::{Module, Modules, Sources};
