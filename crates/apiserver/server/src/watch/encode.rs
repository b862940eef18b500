//! Watch events on their way out.

use bytes::{BufMut, Bytes, BytesMut};
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::http::Shape;
use crate::store::Stored;
use crate::verbs::{Call, partial_metadata, table};

/// Encodes events in the shape that the client accepts.
pub(crate) struct Encoder {
    pub(crate) call: Call,
    /// A Table's columns go with the first event only.
    columns_sent: bool,
}

impl Encoder {
    pub(crate) fn new(call: Call) -> Self {
        Self {
            call,
            columns_sent: false,
        }
    }

    /// `ADDED`, `MODIFIED` or `DELETED`.
    pub(crate) fn object(&mut self, kind: &str, stored: &Stored) -> Bytes {
        if self.call.accept.whole() {
            return line(kind, &self.call.kind.show_json(stored));
        }
        let object = self.call.kind.show(stored);
        let shaped = match &self.call.accept.shape {
            Shape::Table(version) => self.table(object, stored.revision, &version.clone()),
            Shape::Metadata(version) => partial_metadata(&object, version),
            Shape::Object | Shape::Discovery(_) => object,
        };
        value_line(kind, &shaped)
    }

    fn table(&mut self, object: Value, revision: u64, version: &str) -> Value {
        let meta = json!({"resourceVersion": revision.to_string()});
        let columns = !std::mem::replace(&mut self.columns_sent, true);
        table(&self.call, &[object], meta, version, columns)
    }

    /// `BOOKMARK`: everything up to a revision was sent.
    pub(crate) fn bookmark(&self, revision: u64, initial_end: bool) -> Bytes {
        let mut metadata = json!({"resourceVersion": revision.to_string()});
        if initial_end {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let resource = &self.call.kind.resource;
        let object = json!({
            "kind": &*resource.kind,
            "apiVersion": self.call.kind.api_version,
            "metadata": metadata,
        });
        let shaped = match &self.call.accept.shape {
            Shape::Table(version) => {
                let meta = json!({"resourceVersion": revision.to_string()});
                table(&self.call, &[object], meta, version, false)
            }
            Shape::Metadata(version) => partial_metadata(&object, version),
            Shape::Object | Shape::Discovery(_) => object,
        };
        value_line("BOOKMARK", &shaped)
    }

    /// `ERROR`: the last event of a watch that cannot go on.
    pub(crate) fn error(error: &ApiError) -> Bytes {
        value_line("ERROR", &error.status())
    }
}

fn value_line(kind: &str, object: &Value) -> Bytes {
    line(kind, object.to_string().as_bytes())
}

fn line(kind: &str, object: &[u8]) -> Bytes {
    // Built by hand, so that the stored bytes are copied once and not parsed.
    let mut line = BytesMut::with_capacity(object.len() + 40);
    line.put_slice(b"{\"type\":\"");
    line.put_slice(kind.as_bytes());
    line.put_slice(b"\",\"object\":");
    line.put_slice(object);
    line.put_slice(b"}\n");
    line.freeze()
}
