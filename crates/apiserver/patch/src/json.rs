//! JSON patch (RFC 6902) and JSON merge patch (RFC 7396).

use serde_json::Value;

use crate::error::{PatchError, json_type};

/// Most operations that Kubernetes accepts in one JSON patch.
const MOST_OPERATIONS: usize = 10_000;

/// Applies a JSON patch.
///
/// # Errors
/// [`PatchError::Malformed`] for a patch that is no list of operations, [`PatchError::TooLarge`] for more
/// than 10,000 operations, and [`PatchError::Rejected`] for an operation that does not exist or fails on this
/// object.
pub fn json_patch(document: &Value, patch: &Value) -> Result<Value, PatchError> {
    let none = Vec::new();
    let operations = match patch {
        Value::Array(operations) => operations,
        Value::Null => &none,
        other => return Err(undecodable(other, "[]handlers.jsonPatchOp")),
    };
    if let Some(other) = operations.iter().find(|one| !one.is_object()) {
        return Err(undecodable(other, "handlers.jsonPatchOp"));
    }
    if operations.len() > MOST_OPERATIONS {
        return Err(PatchError::TooLarge(format!(
            "The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, got {}",
            operations.len()
        )));
    }
    let operations: json_patch::Patch =
        serde_json::from_value(Value::Array(operations.clone())).map_err(PatchError::rejected)?;
    let mut patched = document.clone();
    json_patch::patch(&mut patched, &operations).map_err(PatchError::rejected)?;
    Ok(patched)
}

/// Applies a merge patch.
///
/// # Errors
/// [`PatchError::Malformed`] for a patch that is no object.
pub fn merge_patch(document: &Value, patch: &Value) -> Result<Value, PatchError> {
    match patch {
        Value::Object(_) => {}
        Value::Null => return Err(PatchError::Malformed("Invalid JSON Patch".into())),
        other => return Err(undecodable(other, "map[string]interface {}")),
    }
    let mut patched = document.clone();
    json_patch::merge(&mut patched, patch);
    Ok(patched)
}

fn undecodable(value: &Value, wanted: &str) -> PatchError {
    let found = json_type(value);
    PatchError::Malformed(format!(
        "error decoding patch: json: cannot unmarshal {found} into Go value of type {wanted}"
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn json_patch_operations() {
        let object = json!({"metadata": {"labels": {"a": "1", "b/c": "2"}}, "list": [1, 2]});
        let patch = json!([
            {"op": "test", "path": "/metadata/labels/b~1c", "value": "2"},
            {"op": "remove", "path": "/metadata/labels/a"},
            {"op": "add", "path": "/list/-", "value": 3},
            {"op": "replace", "path": "/list/0", "value": 0},
            {"op": "move", "from": "/metadata/labels/b~1c", "path": "/metadata/labels/d"},
            {"op": "copy", "from": "/metadata/labels/d", "path": "/metadata/labels/e"},
        ]);
        assert_eq!(
            json_patch(&object, &patch).unwrap(),
            json!({"metadata": {"labels": {"d": "2", "e": "2"}}, "list": [0, 2, 3]})
        );
        assert_eq!(json_patch(&object, &Value::Null).unwrap(), object);
    }

    #[test]
    fn json_patch_errors() {
        let object = json!({"spec": {"replicas": 1, "list": []}});
        for operation in [
            json!({"op": "test", "path": "/spec/replicas", "value": 7}),
            json!({"op": "test", "path": "/nope", "value": 7}),
            json!({"op": "remove", "path": "/spec/nope"}),
            json!({"op": "replace", "path": "/spec/list/9", "value": 1}),
            json!({"op": "frob", "path": "/spec"}),
            json!({"op": "add", "path": "spec", "value": 1}),
        ] {
            let error = json_patch(&object, &json!([operation])).unwrap_err();
            assert_eq!(error.status(), 422, "{operation}");
            assert_eq!(
                error.to_string(),
                "the server rejected our request due to an error in our request"
            );
        }
        for (patch, status, message) in [
            (
                json!({"op": "add"}),
                400,
                "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
            ),
            (
                json!([1]),
                400,
                "error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp",
            ),
            (
                json!(vec![
                    json!({"op": "test", "path": "/spec/replicas", "value": 1});
                    10_001
                ]),
                413,
                "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001",
            ),
        ] {
            let error = json_patch(&object, &patch).unwrap_err();
            assert_eq!((error.status(), error.to_string().as_str()), (status, message));
        }
    }

    #[test]
    fn merge_patch_errors() {
        for (patch, message) in [
            (json!(null), "Invalid JSON Patch"),
            (
                json!([1]),
                "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}",
            ),
            (
                json!("x"),
                "error decoding patch: json: cannot unmarshal string into Go value of type map[string]interface {}",
            ),
        ] {
            let error = merge_patch(&json!({}), &patch).unwrap_err();
            assert_eq!((error.status(), error.to_string().as_str()), (400, message));
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0..3).prop_map(Value::from),
            "[ab]".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-c]", inner, 0..3)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn object() -> impl Strategy<Value = Value> {
        prop::collection::btree_map("[a-c]", value(), 0..4)
            .prop_map(|map| Value::Object(map.into_iter().collect()))
    }

    fn without_nulls(value: &Value) -> Value {
        match value {
            Value::Object(fields) => fields
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name.clone(), without_nulls(value)))
                .collect(),
            other => other.clone(),
        }
    }

    proptest! {
        #[test]
        fn an_empty_merge_patch_changes_nothing(object in object()) {
            prop_assert_eq!(merge_patch(&object, &json!({})).unwrap(), object);
        }

        #[test]
        fn merging_twice_is_merging_once(object in object(), patch in object()) {
            let once = merge_patch(&object, &patch).unwrap();
            prop_assert_eq!(merge_patch(&once, &patch).unwrap(), once);
        }

        #[test]
        fn merging_into_nothing_gives_the_patch_without_nulls(patch in object()) {
            prop_assert_eq!(merge_patch(&json!({}), &patch).unwrap(), without_nulls(&patch));
        }
    }
}
