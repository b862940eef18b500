//! Secret (core/v1).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::object::{Meta, nullable, object};

/// A Secret; values stay in base64 (RFC 4648 section 4) as the API sends them.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Secret {
    /// Name, labels.
    pub metadata: Meta,
    /// `type`, for instance `kubernetes.io/tls`.
    #[serde(rename = "type")]
    pub secret_type: Box<str>,
    /// `data`: base64 by key.
    #[serde(deserialize_with = "nullable")]
    pub data: BTreeMap<Box<str>, Arc<str>>,
}

object!(Secret, "", "v1", "Secret", "secrets", true);

/// Names the Secret and its keys, never the values.
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secret")
            .field("name", &self.metadata.object_name().to_string())
            .field("type", &self.secret_type)
            .field("keys", &self.data.keys())
            .finish()
    }
}
