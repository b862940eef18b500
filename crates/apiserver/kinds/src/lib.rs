//! The kinds of the embedded API server: the table of built-in kinds, their defaults, rules and printed columns, and the kinds that
//! CustomResourceDefinitions declare.
//!
//! Invariant: pure; knows no HTTP and no store.

mod resource;

pub use resource::{Behaviour, Column, Columns, Resource, ScalePaths};
