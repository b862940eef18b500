//! Stored objects and their keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use kinglet_model::ObjectName;
use serde::Deserialize;
use serde_json::Value;

/// Labels of an object.
pub(crate) type Labels = BTreeMap<Box<str>, Box<str>>;

/// Identifies an object in the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// All versions of a kind share one collection: `<group>/<plural>`.
    pub(crate) collection: Arc<str>,
    /// Namespace (empty for cluster-scoped kinds) and name.
    pub(crate) name: ObjectName,
}

/// One state of an object, already encoded: lists and watches copy the bytes.
#[derive(Debug)]
pub(crate) struct Stored {
    /// Namespace and name.
    pub(crate) name: ObjectName,
    /// The revision of the write that made this state.
    pub(crate) revision: u64,
    /// The object as JSON, `metadata.resourceVersion` included.
    pub(crate) json: Bytes,
    /// `metadata.labels`, for selectors.
    pub(crate) labels: Labels,
}

#[derive(Deserialize)]
struct Envelope {
    metadata: EnvelopeMetadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnvelopeMetadata {
    resource_version: String,
    #[serde(default)]
    labels: Option<Labels>,
}

impl Stored {
    /// Encodes a state written at `revision`.
    pub(crate) fn encode(
        name: ObjectName,
        revision: u64,
        mut object: Value,
    ) -> Result<Self, serde_json::Error> {
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("resourceVersion".into(), revision.to_string().into());
        }
        let labels = object
            .pointer("/metadata/labels")
            .and_then(Value::as_object)
            .map(|labels| {
                let text =
                    |(key, value): (&String, &Value)| Some((key.as_str().into(), value.as_str()?.into()));
                labels.iter().filter_map(text).collect()
            })
            .unwrap_or_default();
        Ok(Self {
            name,
            revision,
            json: serde_json::to_vec(&object)?.into(),
            labels,
        })
    }

    /// Reads a state back from disk.
    pub(crate) fn decode(name: ObjectName, json: Bytes) -> Result<Self, serde_json::Error> {
        let envelope: Envelope = serde_json::from_slice(&json)?;
        let revision = envelope
            .metadata
            .resource_version
            .parse()
            .map_err(serde::de::Error::custom)?;
        Ok(Self {
            name,
            revision,
            json,
            labels: envelope.metadata.labels.unwrap_or_default(),
        })
    }

    /// The same state under a later revision: how watches show an object that leaves their selection.
    pub(crate) fn at_revision(&self, revision: u64) -> Option<Self> {
        Self::encode(self.name.clone(), revision, self.value()).ok()
    }

    /// The object as a JSON value.
    pub(crate) fn value(&self) -> Value {
        // The bytes were encoded by `encode` or parsed by `decode`.
        serde_json::from_slice(&self.json).unwrap_or_default()
    }
}
