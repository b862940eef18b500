//! Fields that the schema does not know, and fields without a value.

use serde_json::{Map, Value};

use super::{MAX_FINDINGS, Path};
use crate::Schema;

/// The paths of all fields that the schema does not know.
pub fn unknown_fields(schema: Schema<'_>, value: &Value) -> Vec<String> {
    drop_unknown(schema, &mut value.clone())
}

/// Removes the fields that the schema does not know and tells their paths, sorted, at most a hundred. For custom resources this is the pruning
/// of structural schemas.
pub fn drop_unknown(schema: Schema<'_>, value: &mut Value) -> Vec<String> {
    let mut walk = Walk::default();
    walk.node(Some(schema), value);
    walk.found.sort();
    walk.found.truncate(MAX_FINDINGS);
    walk.found
}

#[derive(Default)]
struct Walk {
    path: Path,
    found: Vec<String>,
}

impl Walk {
    /// Without a schema, scalars and lists stay and fields go: so it is below `additionalProperties: true`.
    fn node(&mut self, schema: Option<Schema<'_>>, value: &mut Value) {
        match value {
            Value::Object(fields) => fields.retain(|name, value| {
                let outside = self.path.enter_field(name);
                let keep = self.field(schema, name, value);
                self.path.leave(outside);
                keep
            }),
            Value::Array(items) if !schema.is_some_and(keeps_items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    let outside = self.path.enter_item(index);
                    self.node(schema.and_then(Schema::items), item);
                    self.path.leave(outside);
                }
            }
            _ => {}
        }
    }

    fn field(&mut self, schema: Option<Schema<'_>>, name: &str, value: &mut Value) -> bool {
        if let Some(known) = schema.and_then(|schema| schema.field(name)) {
            self.node(Some(known), value);
        } else if schema
            .is_some_and(|schema| schema.node().get("additionalProperties") == Some(&Value::Bool(true)))
        {
            self.node(None, value);
        } else if !schema.is_some_and(Schema::preserves_unknown) {
            self.found.push(self.path.to_text());
            return false;
        }
        true
    }
}

fn keeps_items(schema: Schema<'_>) -> bool {
    schema.items().is_none() && schema.preserves_unknown()
}

/// Removes null fields of declared objects, as decoding into Kubernetes' types does; a null value of a map or list becomes the zero value. Only
/// for built-in kinds: custom resources may hold null.
pub fn drop_nulls(schema: Schema<'_>, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, value| !value.is_null() || schema.property(name).is_none());
            fields
                .iter_mut()
                .for_each(|(name, value)| set_or_descend(schema.field(name), value));
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| set_or_descend(schema.items(), item)),
        _ => {}
    }
}

fn set_or_descend(schema: Option<Schema<'_>>, value: &mut Value) {
    match (schema, &value) {
        (Some(schema), Value::Null) => match schema.kind() {
            Some("string") => *value = Value::String(String::new()),
            Some("object") if schema.properties().is_some() => *value = Value::Object(Map::new()),
            _ => {}
        },
        (Some(schema), _) => drop_nulls(schema, value),
        (None, _) => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::{SchemaDocument, builtin};

    fn unknown(group: &str, kind: &str, value: Value) -> Vec<String> {
        let document = builtin::document(group, "v1", kind).unwrap();
        unknown_fields(document.schema(), &value)
    }

    #[test]
    fn paths_of_unknown_fields() {
        let deployment = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "extra": 1,
            "metadata": {"labels": {"any.thing/x": "y"}, "nmae": "x"},
            "spec": {"template": {"spec": {"containers": [
                {"name": "a"}, {"foo": {"bar": 1}, "resources": {"limits": {"cpu": 1}}},
            ]}}},
        });
        assert_eq!(
            unknown("apps", "Deployment", deployment),
            ["extra", "metadata.nmae", "spec.template.spec.containers[1].foo"]
        );
    }

    #[test]
    fn free_form_fields_are_known() {
        let definition = json!({"spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": {
            "type": "object", "additionalProperties": {"anything": 1}, "default": {"a": {"b": 1}}, "example": [{"a": 1}],
            "properties": {"spec": {"type": "object", "typo": 1}}, "enum": [{"a": 1}],
        }}}]}});
        assert_eq!(
            unknown("apiextensions.k8s.io", "CustomResourceDefinition", definition),
            ["spec.versions[0].schema.openAPIV3Schema.properties.spec.typo"]
        );
        let managed = json!({"metadata": {"managedFields": [{"manager": "m", "fieldsV1": {"f:spec": {".": {}}}, "x": 1}]}});
        assert_eq!(unknown("", "ConfigMap", managed), ["metadata.managedFields[0].x"]);
    }

    #[test]
    fn pruning_follows_structural_schemas() {
        let document = SchemaDocument {
            definitions: builtin::definitions(),
            root: json!({"type": "object", "properties": {
                "closed": {"type": "object"},
                "map": {"type": "object", "additionalProperties": {"type": "object", "properties": {"a": {"type": "string"}}}},
                "any": {"type": "object", "additionalProperties": true},
                "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": true,
                    "properties": {"inner": {"type": "object", "properties": {"a": {"type": "string"}}}}},
                "list": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}},
            }}),
        };
        let mut value = json!({
            "closed": {"a": 1}, "map": {"k": {"a": "x", "b": 1}}, "any": {"k": 1, "m": {"n": 1}},
            "open": {"x": {"y": 1}, "inner": {"a": "1", "b": 2}}, "list": [{"b": 1}, 3],
        });
        let dropped = drop_unknown(document.schema(), &mut value);
        assert_eq!(
            dropped,
            ["any.m.n", "closed.a", "list[0].b", "map.k.b", "open.inner.b"]
        );
        assert_eq!(
            value,
            json!({
                "closed": {}, "map": {"k": {"a": "x"}}, "any": {"k": 1, "m": {}},
                "open": {"x": {"y": 1}, "inner": {"a": "1"}}, "list": [{}, 3],
            })
        );
    }

    #[test]
    fn null_is_absent() {
        let document = builtin::document("apps", "v1", "Deployment").unwrap();
        let mut value = json!({
            "metadata": {"creationTimestamp": null, "labels": {"a": null}, "annotations": null},
            "spec": {"template": {"metadata": {"creationTimestamp": null}, "spec": {"containers": null}}},
        });
        drop_nulls(document.schema(), &mut value);
        assert_eq!(
            value,
            json!({"metadata": {"labels": {"a": ""}}, "spec": {"template": {"metadata": {}, "spec": {}}}})
        );
    }
}
