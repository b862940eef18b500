//! The kinds of the embedded API server: the table of built-in kinds, their defaults, rules and printed
//! columns, and the kinds that CustomResourceDefinitions declare.
//!
//! In: objects as JSON, and the time. Out: completed objects, field errors in Kubernetes' words, table cells.
//!
//! A kind is a [`Resource`]: an entry of [`mod@builtin`], or one made from a CustomResourceDefinition
//! ([`custom::resources`]). Generic code asks the entry and never compares kinds by name. A write goes
//! through the entry in this order: status is dropped (create) or taken over from the stored object (update
//! of the main resource), [`Behaviour::default`], [`Behaviour::prepare`], [`allocate::service`] where the
//! kind [allocates](Behaviour::allocates), then [`Resource::validate_create`], [`Resource::validate_change`]
//! or [`Resource::validate_status_change`].
//!
//! Invariant: pure; knows no HTTP and no store. Time and chance come in as parameters.

mod admission;
pub mod allocate;
mod autoscaler;
mod builtin;
pub mod custom;
mod defaults;
mod event;
mod json;
mod jsonpath;
mod resource;
pub mod table;
mod validation;

pub use admission::default_ingress_class;
pub use builtin::builtin;
pub use resource::{
    Behaviour, Column, Columns, Description, NameRule, Resource, ScalePaths, SelectableField, Storage,
};
