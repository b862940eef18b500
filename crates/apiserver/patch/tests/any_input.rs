//! Whatever a client sends, there is an answer: an object, or an error with a status.

use kinglet_api_patch::apply::{Write, apply, track_update};
use kinglet_api_patch::{json_patch, merge_patch, strategic};
use kinglet_api_schema::builtin;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Names that mean something, so that random objects get past the first check.
const NAMES: [&str; 16] = [
    "metadata",
    "spec",
    "template",
    "containers",
    "env",
    "name",
    "value",
    "finalizers",
    "labels",
    "managedFields",
    "fieldsV1",
    "$patch",
    "$retainKeys",
    "$setElementOrder/containers",
    "$deleteFromPrimitiveList/finalizers",
    "f:spec",
];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-1..3).prop_map(Value::from),
        prop::sample::select(vec!["", "a", "b", "replace", "delete", "merge", "Apply", "v1"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            object_of(inner),
        ]
    })
}

fn object_of(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let fields = prop::collection::btree_map(prop::sample::select(NAMES.to_vec()), value, 0..5);
    fields.prop_map(|fields| {
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value));
        Value::Object(fields.collect())
    })
}

fn deployment(mut object: Value) -> Value {
    object["apiVersion"] = json!("apps/v1");
    object["kind"] = json!("Deployment");
    object
}

proptest! {
    #[test]
    fn patches(document in object_of(value()), patch in value()) {
        let schema = builtin::document("apps", "v1", "Deployment").ok_or(TestCaseError::fail("no schema"))?;
        for result in [json_patch(&document, &patch), merge_patch(&document, &patch), strategic(&document, &patch, schema.schema())] {
            match result {
                Ok(patched) => prop_assert!(patched.is_object()),
                Err(error) => prop_assert!(error.status() >= 400),
            }
        }
    }

    #[test]
    fn applies_and_updates(live in object_of(value()), applied in object_of(value()), typed in any::<bool>(), force in any::<bool>()) {
        let document = builtin::document("apps", "v1", "Deployment").ok_or(TestCaseError::fail("no schema"))?;
        let write = Write {
            api_version: "apps/v1",
            kind: "Deployment",
            schema: typed.then(|| document.schema()),
            manager: "kubectl",
            subresource: None,
            reset: &["status"],
            now: "2026-01-01T00:00:00Z",
        };
        match apply(Some(&live), &deployment(applied.clone()), force, &write) {
            Ok(object) => prop_assert!(object.is_object()),
            Err(error) => prop_assert!(error.status() >= 400),
        }
        let mut new = applied;
        track_update(Some(&live), &mut new, &write);
        prop_assert!(new.is_object());
    }
}
