//! The kinds of the embedded API server: the table of built-in kinds, their defaults, rules and printed columns, and the kinds that
//! CustomResourceDefinitions declare.
//!
//! In: objects as JSON, and the time. Out: completed objects, field errors in Kubernetes' words, table cells.
//!
//! A kind is a [`Resource`]: an entry of [`builtin`], or one made from a CustomResourceDefinition. Generic code asks the entry and never
//! compares kinds by name. A write goes through the entry in this order: status is dropped (create) or taken over from the stored object
//! (update of the main resource), [`Behaviour::default`], [`Behaviour::prepare`], allocation for Services, validation.
//!
//! Invariant: pure; knows no HTTP and no store. Time and chance come in as parameters.

pub mod allocate;
mod builtin;
pub mod custom;
mod defaults;
mod event;
mod json;
mod jsonpath;
mod resource;
mod selector;
pub mod table;
mod validation;

pub use builtin::builtin;
pub use resource::{
    Behaviour, Column, Columns, Description, NameRule, Resource, ScalePaths, SelectableField, Storage,
};
