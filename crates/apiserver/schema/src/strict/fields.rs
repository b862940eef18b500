//! Fields that the schema does not know, and fields without a value.

use serde_json::{Map, Value};

use super::{MAX_FINDINGS, Path};
use crate::Schema;

/// Removes the fields that the schema does not know and tells their paths, in the order of the object, at
/// most a hundred.
pub fn drop_unknown(schema: Schema<'_>, value: &mut Value) -> Vec<String> {
    let mut walk = Walk::default();
    walk.node(Some(schema), value);
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
            // A free list stays as it is: for its entries there is no schema to prune by.
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

/// Removes what Kubernetes' types do not store: null fields, and empty lists and maps that are not required.
/// A null value of a map or list becomes the zero value. Only for built-in kinds: custom resources keep all
/// these.
pub fn drop_empty(schema: Schema<'_>, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, value| {
                let declared = schema.property(name);
                declared
                    .is_none_or(|below| !is_empty(below, value) || schema.requires(name) && !value.is_null())
            });
            let maps = fields.iter_mut().map(|(name, value)| (schema.field(name), value));
            maps.for_each(|(schema, value)| set_or_descend(schema, value));
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| set_or_descend(schema.items(), item)),
        _ => {}
    }
}

fn is_empty(schema: Schema<'_>, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty() && schema.items().is_some(),
        Value::Object(fields) => fields.is_empty() && schema.values().is_some(),
        _ => false,
    }
}

fn set_or_descend(schema: Option<Schema<'_>>, value: &mut Value) {
    match (schema, &value) {
        (Some(schema), Value::Null) => match schema.kind() {
            Some("string") => *value = Value::String(String::new()),
            Some("object") if schema.properties().is_some() => *value = Value::Object(Map::new()),
            _ => {}
        },
        (Some(schema), _) => drop_empty(schema, value),
        (None, _) => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::{SchemaDocument, builtin};

    fn unknown(group: &str, kind: &str, mut value: Value) -> Vec<String> {
        let document = builtin::document(group, "v1", kind).unwrap();
        drop_unknown(document.schema(), &mut value)
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
    fn null_and_empty_are_absent() {
        let document = builtin::document("apps", "v1", "Deployment").unwrap();
        let mut value = json!({
            "metadata": {"creationTimestamp": null, "labels": {"a": null}, "annotations": {}, "finalizers": []},
            "spec": {
                "strategy": {},
                "template": {"metadata": {"creationTimestamp": null}, "spec": {"containers": [], "volumes": [{"emptyDir": {}}]}},
            },
            "status": {},
        });
        drop_empty(document.schema(), &mut value);
        assert_eq!(
            value,
            json!({
                "metadata": {"labels": {"a": ""}},
                "spec": {
                    "strategy": {},
                    "template": {"metadata": {}, "spec": {"containers": [], "volumes": [{"emptyDir": {}}]}},
                },
                "status": {},
            })
        );
    }
}
