//! Namespace (core/v1).

use serde::Deserialize;

use crate::object::{Meta, object};

/// A Namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Namespace {
    /// Name and labels.
    pub metadata: Meta,
}

object!(Namespace, "", "v1", "Namespace", "namespaces", false);
