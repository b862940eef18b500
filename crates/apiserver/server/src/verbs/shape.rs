//! Answers in the shape that the client accepts: the object, a Table, or its metadata.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use serde_json::{Value, json};

use super::call::Call;
use crate::http::{Answer, Payload, Shape};
use crate::store::Stored;

/// `metadata` of a list.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListMeta {
    pub(crate) revision: u64,
    /// `continue`.
    pub(crate) resume: Option<String>,
    /// `remainingItemCount`.
    pub(crate) remaining: Option<usize>,
}

impl ListMeta {
    fn value(&self) -> Value {
        let mut meta = json!({"resourceVersion": self.revision.to_string()});
        if let Some(resume) = &self.resume {
            meta["continue"] = resume.as_str().into();
        }
        if let Some(remaining) = self.remaining {
            meta["remainingItemCount"] = remaining.into();
        }
        meta
    }
}

/// The metadata of an object (meta.k8s.io `PartialObjectMetadata`).
pub(crate) fn partial_metadata(object: &Value, version: &str) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": format!("meta.k8s.io/{version}"),
        "metadata": object.get("metadata").cloned().unwrap_or_else(|| json!({})),
    })
}

/// A Table (meta.k8s.io) of objects of a kind. `columns` is false for the later events of a watch, which do
/// not repeat them.
pub(crate) fn table(call: &Call, objects: &[Value], meta: Value, version: &str, columns: bool) -> Value {
    let resource = &call.kind.resource;
    let now = jiff::Timestamp::now();
    let include = call.query.text("includeObject").unwrap_or("Metadata");
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| {
            let shown = match include {
                "None" => Value::Null,
                "Object" => object.clone(),
                _ => partial_metadata(object, version),
            };
            let mut row = json!({"cells": kinglet_api_kinds::table::row(resource, object, now)});
            if !shown.is_null() {
                row["object"] = shown;
            }
            row
        })
        .collect();
    let definitions = if columns {
        kinglet_api_kinds::table::definitions(resource)
    } else {
        Value::Null
    };
    json!({
        "kind": "Table",
        "apiVersion": format!("meta.k8s.io/{version}"),
        "metadata": meta,
        "columnDefinitions": definitions,
        "rows": rows,
    })
}

impl Call {
    /// An object.
    pub(crate) fn answer(&self, status: u16, object: Value) -> Answer {
        Answer::new(status, Payload::Value(self.shaped(object)))
    }

    /// A stored object; nearly always its bytes are copied.
    pub(crate) fn answer_stored(&self, status: u16, stored: &Stored) -> Answer {
        if self.accept.whole() {
            Answer::new(status, Payload::Json(self.kind.show_json(stored)))
        } else {
            self.answer(status, self.kind.show(stored))
        }
    }

    fn shaped(&self, object: Value) -> Value {
        match &self.accept.shape {
            Shape::Table(version) => {
                let revision = crate::meta::text(&object, "resourceVersion").to_owned();
                table(
                    self,
                    &[object],
                    json!({"resourceVersion": revision}),
                    version,
                    true,
                )
            }
            Shape::Metadata(version) => partial_metadata(&object, version),
            Shape::Object | Shape::Discovery(_) => object,
        }
    }

    /// A list.
    pub(crate) fn answer_list(&self, objects: &[Arc<Stored>], meta: &ListMeta) -> Answer {
        let shown = || objects.iter().map(|stored| self.kind.show(stored));
        Answer::ok(match &self.accept.shape {
            Shape::Table(version) => {
                let objects: Vec<Value> = shown().collect();
                Payload::Value(table(self, &objects, meta.value(), version, true))
            }
            Shape::Metadata(version) => Payload::Value(json!({
                "kind": "PartialObjectMetadataList",
                "apiVersion": format!("meta.k8s.io/{version}"),
                "metadata": meta.value(),
                "items": shown().map(|object| partial_metadata(&object, version)).collect::<Vec<_>>(),
            })),
            Shape::Object | Shape::Discovery(_) => Payload::Json(self.joined_list(objects, meta)),
        })
    }

    /// A list made by joining the encoded objects.
    fn joined_list(&self, objects: &[Arc<Stored>], meta: &ListMeta) -> Bytes {
        let resource = &self.kind.resource;
        let start = format!(
            "{{\"kind\":{},\"apiVersion\":{},\"metadata\":{},\"items\":[",
            json!(&*resource.list_kind),
            json!(self.kind.api_version),
            meta.value()
        );
        let size: usize = objects.iter().map(|stored| stored.json.len() + 1).sum();
        let mut list = BytesMut::with_capacity(start.len() + size + 4);
        list.put_slice(start.as_bytes());
        for (index, stored) in objects.iter().enumerate() {
            if index > 0 {
                list.put_u8(b',');
            }
            list.put_slice(&self.kind.show_json(stored));
        }
        list.put_slice(b"]}\n");
        list.freeze()
    }
}
