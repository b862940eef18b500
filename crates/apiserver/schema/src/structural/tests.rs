//! Objects and schemas with what Kubernetes 1.37 answered, and what the recordings leave out.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::strict;

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn texts(value: &Value) -> BTreeSet<&str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// Prunes, completes and validates.
fn write(schema: &Value, object: &mut Value) -> Vec<String> {
    let document = document(schema);
    strict::drop_unknown(document.schema(), object);
    apply_defaults(document.schema(), object);
    let errors = validate(document.schema(), object);
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn objects_as_recorded() {
    let recorded = read(include_str!("../../tests/structural/objects.json"));
    for case in recorded["cases"].as_array().unwrap() {
        let mut object = case["object"].clone();
        let errors = write(&recorded["schema"], &mut object);
        // Kubernetes tells fields in no order.
        let errors: BTreeSet<&str> = errors.iter().map(String::as_str).collect();
        assert_eq!(errors, texts(&case["errors"]), "{}", case["name"]);
        if let Some(spec) = case.get("spec") {
            assert_eq!(&object["spec"], spec, "{}", case["name"]);
        }
    }
}

#[test]
fn schemas_as_recorded() {
    let recorded = read(include_str!("../../tests/structural/schemas.json"));
    for case in recorded.as_array().unwrap() {
        let errors: Vec<String> = check(&case["schema"], "spec.validation.openAPIV3Schema")
            .iter()
            // The regular expression engines differ in their words.
            .map(|error| error.to_string().replace("error: unclosed group", "error parsing regexp: missing closing ): `(`"))
            .collect();
        let errors: BTreeSet<&str> = errors.iter().map(String::as_str).collect();
        assert_eq!(errors, texts(&case["errors"]), "{}", case["name"]);
    }
    let objects = read(include_str!("../../tests/structural/objects.json"));
    assert_eq!(check(&objects["schema"], "schema"), []);
}

fn field(schema: Value, value: Value) -> Vec<String> {
    let schema = json!({"type": "object", "properties": {"a": schema}});
    write(&schema, &mut json!({"a": value}))
}

#[test]
fn rules_for_values() {
    for (schema, value, wanted) in [
        (
            json!({"type": "integer", "format": "int32"}),
            json!(2147483648u32),
            "<nil>: Invalid value: \"\": Checked value must be of type integer with format int32 in a",
        ),
        (
            json!({"type": "integer", "format": "int32"}),
            json!(true),
            "a: Invalid value: \"\": a in body must be of type int32: \"\"",
        ),
        (
            json!({"type": "integer", "format": "int32"}),
            json!("x"),
            "a: Invalid value: \"string\": a in body must be of type integer: \"string\"",
        ),
        (
            json!({"type": "integer", "minimum": 1, "exclusiveMinimum": true}),
            json!(1),
            "a: Invalid value: 1: a in body should be greater than 1",
        ),
        (
            json!({"type": "number", "maximum": 1.5, "exclusiveMaximum": true}),
            json!(1.5),
            "a: Invalid value: 1.5: a in body should be less than 1.5",
        ),
        (
            json!({"type": "integer", "multipleOf": 3}),
            json!(4),
            "a: Invalid value: 4: a in body should be a multiple of 3",
        ),
        (
            json!({"type": "array", "minItems": 1, "items": {"type": "string"}}),
            json!([]),
            "a: Invalid value: 0: a in body should have at least 1 items",
        ),
        (
            json!({"type": "object", "maxProperties": 1, "additionalProperties": {"type": "string"}}),
            json!({"x": "", "y": ""}),
            "a: Too many: 2: must have at most 1 item",
        ),
        (
            json!({"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}}),
            json!({}),
            "a: Invalid value: 0: a in body should have at least 1 properties",
        ),
        (
            json!({"type": "string", "nullable": true, "enum": ["x"]}),
            json!(null),
            "a: Unsupported value: null: supported values: \"x\"",
        ),
        (
            json!({"type": "integer", "enum": [1, 2]}),
            json!(3),
            "a: Unsupported value: 3: supported values: \"1\", \"2\"",
        ),
        (
            json!({"type": "integer", "not": {"enum": [1]}}),
            json!(1),
            "<nil>: Invalid value: \"\": \"a\" must not validate the schema (not)",
        ),
        (
            json!({"type": "string", "maxLength": 1}),
            json!("éé"),
            "a: Too long: may not be more than 1 byte",
        ),
        (
            json!({"type": "array", "items": {"type": "string", "format": "ipv4"}}),
            json!(["1.2.3"]),
            "a[0]: Invalid value: \"1.2.3\": a[0] in body must be of type ipv4: \"1.2.3\"",
        ),
    ] {
        assert_eq!(field(schema.clone(), value), [wanted], "{schema}");
    }
}

#[test]
fn values_that_follow_the_rules() {
    for (schema, value) in [
        (json!({"type": "integer"}), json!(1.0)),
        (json!({"type": "number"}), json!(1)),
        (json!({"type": "string", "nullable": true}), json!(null)),
        (json!({"type": "string", "maxLength": 2}), json!("éé")),
        (json!({"type": "string", "format": "unheard-of"}), json!("x")),
        (json!({"type": "integer", "enum": [1.0]}), json!(1)),
        (
            json!({"x-kubernetes-preserve-unknown-fields": true}),
            json!({"x": [null]}),
        ),
        (
            json!({"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]}),
            json!("50%"),
        ),
        (
            json!({"x-kubernetes-int-or-string": true, "allOf": [{"anyOf": [{"type": "integer"}, {"type": "string"}]}]}),
            json!(5),
        ),
    ] {
        assert_eq!(field(schema.clone(), value), [""; 0], "{schema}");
        let root = json!({"type": "object", "properties": {"a": schema}});
        assert_eq!(check(&root, "s"), []);
    }
}

#[test]
fn any_of_tells_the_errors_of_the_best_alternative() {
    let schema = json!({"type": "object",
    "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}, "z": {"type": "integer"}},
    "anyOf": [
        {"required": ["y"]},
        {"required": ["z"], "properties": {"x": {"minimum": 0}}},
    ]});
    assert_eq!(
        field(schema, json!({"x": 1})),
        [
            "<nil>: Invalid value: \"\": \"a\" must validate at least one schema (anyOf)",
            "a.z: Required value"
        ]
    );
}

#[test]
fn defaults_lie_in_lists_and_maps() {
    let schema = json!({"type": "object", "properties": {
        "list": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "integer", "default": 1}}}},
        "map": {"type": "object", "additionalProperties": {"type": "object", "properties": {"a": {"type": "integer", "default": 1}}}},
        "nulls": {"type": "object", "properties": {
            "defaulted": {"type": "integer", "default": 1}, "kept": {"type": "integer", "nullable": true, "default": 1}, "dropped": {"type": "integer"},
        }},
        "listOfDefaults": {"type": "array", "items": {"type": "integer", "default": 7}},
    }});
    let mut object = json!({
        "list": [{}, {"a": 2}], "map": {"k": {}},
        "nulls": {"defaulted": null, "kept": null, "dropped": null}, "listOfDefaults": [null, 1],
    });
    assert_eq!(write(&schema, &mut object), [""; 0]);
    assert_eq!(
        object,
        json!({
            "list": [{"a": 1}, {"a": 2}], "map": {"k": {"a": 1}},
            "nulls": {"defaulted": 1, "kept": null}, "listOfDefaults": [7, 1],
        })
    );
}

#[test]
fn schemas_that_are_refused() {
    for (schema, wanted) in [
        (
            json!({"$ref": "#/x", "type": "string"}),
            "s.properties[a].$ref: Forbidden: $ref is not supported",
        ),
        (
            json!({"type": "text"}),
            "s.properties[a].type: Unsupported value: \"text\": supported values: \"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\"",
        ),
        (
            json!({"type": "array", "items": {}}),
            "s.properties[a].items.type: Required value: must not be empty for specified array items",
        ),
        (
            json!({"type": "object", "x-kubernetes-list-type": "set"}),
            "s.properties[a].type: Invalid value: \"object\": must be array if x-kubernetes-list-type is specified",
        ),
        (
            json!({"type": "string", "not": {"description": "x"}}),
            "s.properties[a].not.description: Forbidden: must be empty to be structural",
        ),
        (
            json!({"type": "array", "items": {"type": "string"}, "uniqueItems": true}),
            "s.properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
        ),
        (
            json!({"x-kubernetes-embedded-resource": true}),
            "s.properties[a].type: Required value: must be object if x-kubernetes-embedded-resource is true",
        ),
    ] {
        let root = json!({"type": "object", "properties": {"a": schema}});
        let errors: Vec<String> = check(&root, "s").iter().map(ToString::to_string).collect();
        assert_eq!(errors, [wanted], "{root}");
    }
    let root =
        json!({"type": "object", "oneOf": [{"required": ["a"], "properties": {"b": {"minLength": 1}}}]});
    let errors: Vec<String> = check(&root, "s").iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        ["s.properties[b]: Required value: because it is defined in s.oneOf[0].properties[b]"]
    );
}
