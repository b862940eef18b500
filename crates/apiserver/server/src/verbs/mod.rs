//! The verbs of the API: what a request does to the objects of a kind.
//!
//! A write passes the same stations whatever its verb: decode, complete (defaults, fields that only the
//! server decides), validate, allocate, store. A read copies encoded objects from the store.

mod binding;
mod call;
mod create;
mod decode;
mod delete;
mod dispatch;
mod finish;
mod generate;
mod list;
mod managed;
mod patch;
mod scale;
mod selection;
mod shape;
mod update;

pub(crate) use call::Call;
pub(crate) use decode::decode;
pub(crate) use dispatch::{Request, dispatch};
pub(crate) use list::{ListOptions, VersionMatch};
pub(crate) use selection::Selection;
pub(crate) use shape::{partial_metadata, table};
