//! What every object has though its schema does not say so: `apiVersion`, `kind` and `metadata`.

use serde_json::{Map, Value, json};

use crate::{Definitions, SchemaDocument, builtin};

/// Built-in kind whose fields stand for those of every object.
const ANY_OBJECT: &str = "io.k8s.api.core.v1.ConfigMap";

/// The schema of a custom resource from the `openAPIV3Schema` of its version, completed with `apiVersion`,
/// `kind` and `metadata`.
pub fn document(schema: &Value) -> SchemaDocument {
    let definitions = builtin::definitions();
    SchemaDocument {
        root: with_object_fields(Some(schema), &definitions),
        definitions,
    }
}

/// The schema, completed at its root and at embedded resources.
pub(crate) fn with_object_fields(schema: Option<&Value>, definitions: &Definitions) -> Value {
    let properties = definitions
        .get(ANY_OBJECT)
        .and_then(|schema| schema.get("properties")?.as_object());
    let fields: Map<String, Value> = properties
        .into_iter()
        .flatten()
        .filter(|(name, _)| ["apiVersion", "kind", "metadata"].contains(&name.as_str()))
        .map(|(name, schema)| (name.clone(), without_default(schema.clone())))
        .collect();
    let mut root = schema.cloned().unwrap_or_else(|| json!({"type": "object"}));
    complete_embedded(&mut root, &fields);
    complete(&mut root, &fields);
    root
}

fn without_default(mut schema: Value) -> Value {
    if let Some(fields) = schema.as_object_mut() {
        // `metadata` has `default: {}` there, which would add it to embedded resources that have none.
        fields.remove("default");
    }
    schema
}

fn complete(node: &mut Value, fields: &Map<String, Value>) {
    if let Some(node) = node.as_object_mut() {
        let properties = node.entry("properties").or_insert_with(|| json!({}));
        if let Some(properties) = properties.as_object_mut() {
            properties.extend(fields.clone());
        }
    }
}

fn complete_embedded(node: &mut Value, fields: &Map<String, Value>) {
    if node.get("x-kubernetes-embedded-resource") == Some(&Value::Bool(true)) {
        complete(node, fields);
        require_type(node);
    }
    let Some(node) = node.as_object_mut() else { return };
    if let Some(Value::Object(properties)) = node.get_mut("properties") {
        let own = properties
            .iter_mut()
            .filter(|(name, _)| !fields.contains_key(*name));
        own.for_each(|(_, below)| complete_embedded(below, fields));
    }
    for key in ["items", "additionalProperties"] {
        if let Some(below) = node.get_mut(key) {
            complete_embedded(below, fields);
        }
    }
}

fn require_type(node: &mut Value) {
    let Some(node) = node.as_object_mut() else { return };
    if let Value::Array(required) = node.entry("required").or_insert_with(|| json!([])) {
        for name in ["kind", "apiVersion"] {
            if !required.iter().any(|one| one == name) {
                required.push(name.into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strict;

    #[test]
    fn objects_have_a_type_and_metadata_at_the_root_and_where_embedded() {
        let document = document(&json!({"type": "object", "properties": {
            "metadata": {"type": "object"},
            "spec": {"type": "object", "properties": {
                "template": {"type": "object", "x-kubernetes-embedded-resource": true, "properties": {"a": {"type": "string"}}},
            }},
        }}));
        let mut object = json!({
            "apiVersion": "x/v1", "kind": "X", "metadata": {"name": "x", "typo": 1}, "other": 1,
            "spec": {"kind": "no", "template": {"kind": "Y", "metadata": {"labels": {"a": "b"}, "typo": 1}, "a": "", "b": ""}},
        });
        assert_eq!(
            strict::drop_unknown(document.schema(), &mut object),
            [
                "metadata.typo",
                "other",
                "spec.kind",
                "spec.template.b",
                "spec.template.metadata.typo"
            ]
        );
    }
}
