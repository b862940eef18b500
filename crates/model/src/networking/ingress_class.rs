//! IngressClass (networking.k8s.io/v1).

use std::sync::Arc;

use serde::Deserialize;

use crate::object::{Meta, object};

/// An IngressClass.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct IngressClass {
    /// Name, annotations.
    pub metadata: Meta,
    /// `spec`.
    pub spec: IngressClassSpec,
}

object!(
    IngressClass,
    "networking.k8s.io",
    "v1",
    "IngressClass",
    "ingressclasses",
    false
);

/// `spec` of an IngressClass.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct IngressClassSpec {
    /// Which controller serves Ingresses of this class.
    pub controller: Arc<str>,
}
