//! One manifest: a stream of documents.

use kinglet_kube::Client;
use kinglet_kube::apply::ApplyError;
use serde_json::Value;

/// Field manager of everything that comes from manifests.
const MANAGER: &str = "kinglet-addons";

/// What is wrong with a manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The text is not YAML or JSON; the message tells line and column.
    #[error("{0}")]
    Syntax(String),
    /// A document is not an object.
    #[error("document {number}: not a Kubernetes object")]
    NotAnObject {
        /// Position in the stream, from 1.
        number: usize,
    },
    /// The API server did not take an object.
    #[error("{kind} {name}: {source}")]
    Apply {
        /// Kind of the object.
        kind: String,
        /// `namespace/name`, or `name`.
        name: String,
        /// What the API server said.
        source: ApplyError,
    },
}

/// The objects of a manifest: documents separated by `---`, empty ones skipped, `List`s flattened.
pub fn parse(text: &str) -> Result<Vec<Value>, ManifestError> {
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(text).map_err(|error| ManifestError::Syntax(error.to_string()))?;
    let mut objects = Vec::with_capacity(documents.len());
    for (index, document) in documents.into_iter().enumerate() {
        match document {
            Value::Null => {}
            Value::Object(_) => flatten(document, &mut objects),
            _ => return Err(ManifestError::NotAnObject { number: index + 1 }),
        }
    }
    Ok(objects)
}

fn flatten(mut object: Value, objects: &mut Vec<Value>) {
    let is_list = object.get("kind").and_then(Value::as_str) == Some("List");
    match object.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) if is_list => items.into_iter().for_each(|item| flatten(item, objects)),
        Some(items) => {
            object["items"] = items;
            objects.push(object);
        }
        None => objects.push(object),
    }
}

/// Applies all objects in order, going on after a failure, and returns what failed.
pub async fn apply(client: &Client, objects: &[Value]) -> Vec<ManifestError> {
    let mut failures = Vec::new();
    for object in objects {
        if let Err(source) = kinglet_kube::apply::apply(client, object, MANAGER).await {
            failures.push(ManifestError::Apply {
                kind: text(object, "/kind"),
                name: name(object),
                source,
            });
        }
    }
    failures
}

fn text(object: &Value, pointer: &str) -> String {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn name(object: &Value) -> String {
    let (namespace, name) = (
        text(object, "/metadata/namespace"),
        text(object, "/metadata/name"),
    );
    if namespace.is_empty() {
        name
    } else {
        format!("{namespace}/{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        parse(text).unwrap().iter().map(name).collect()
    }

    #[test]
    fn streams_lists_and_empty_documents() {
        let text = "# only a comment\n---\nkind: A\nmetadata: {name: a}\n---\n---\nkind: List\nitems:\n- kind: B\n  metadata: {name: b, namespace: team}\n- kind: C\n  metadata: {name: c}\n";
        assert_eq!(names(text), ["a", "team/b", "c"]);
        assert_eq!(
            names("{\"kind\": \"A\", \"metadata\": {\"name\": \"json\"}}"),
            ["json"]
        );
        assert_eq!(names(""), Vec::<String>::new());
    }

    #[test]
    fn a_kind_with_items_of_its_own_is_not_a_list() {
        assert_eq!(
            parse("kind: ConfigMapThing\nitems: [1]").unwrap(),
            [serde_json::json!({"kind": "ConfigMapThing", "items": [1]})]
        );
    }

    #[test]
    fn errors_tell_where() {
        let error = parse("kind: A\nmetadata: {name: a\n").unwrap_err().to_string();
        assert!(error.contains("line"), "{error}");
        assert_eq!(
            parse("kind: A\n---\n- 1\n").unwrap_err().to_string(),
            "document 2: not a Kubernetes object"
        );
    }
}
