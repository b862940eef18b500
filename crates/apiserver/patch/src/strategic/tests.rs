//! Strategic merge patch: single rules.

#![allow(clippy::unwrap_used)]

use kinglet_api_schema::builtin;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::strategic;

/// Documents and patches with what `k8s.io/apimachinery/pkg/util/strategicpatch` makes of them; the last ones
/// are patches that its `CreateTwoWayMergePatch` and `CreateThreeWayMergePatch` made.
const UPSTREAM: &str = include_str!("../../tests/cases/strategic.json");

#[test]
fn merges_as_upstream() {
    let cases: Vec<Value> = serde_json::from_str(UPSTREAM).unwrap();
    let mut wrong = Vec::new();
    for case in &cases {
        let text = |key: &str| case[key].as_str().unwrap_or_default();
        let document = builtin::document(text("group"), text("version"), text("kind")).unwrap();
        let result = strategic(&case["document"], &case["patch"], document.schema());
        let found = result.map_err(|error| match error.status() {
            422 => "lists of lists are not supported".to_owned(),
            _ => error.to_string(),
        });
        let expected = match case.get("error") {
            Some(error) => Err(error.as_str().unwrap().to_owned()),
            None => Ok(case["expected"].clone()),
        };
        if found != expected {
            wrong.push(format!(
                "{}:\n  found {found:?}\n  not   {expected:?}",
                text("name")
            ));
        }
    }
    assert!(cases.len() > 150);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn statuses_of_errors() {
    let document = builtin::document("", "v1", "Pod").unwrap();
    let pod = json!({"metadata": {"finalizers": ["a"]}, "spec": {"containers": [["x"]]}});
    for (patch, status) in [
        (json!([]), 400),
        (json!({"metadata": {"$setElementOrder": []}}), 400),
        (json!({"metadata": {"$retainKeys": "x"}}), 400),
        (json!({"spec": {"containers": [["y"]]}}), 422),
        (json!({"metadata": {"$patch": "frob"}}), 500),
    ] {
        let error = strategic(&pod, &patch, document.schema()).unwrap_err();
        assert_eq!(error.status(), status, "{patch}");
    }
}

#[test]
fn fields_that_the_schema_does_not_know() {
    let document = builtin::document("", "v1", "Pod").unwrap();
    let old = json!({"extra": {"map": {"a": 1}, "list": [{"name": "a"}]}});
    let patch = json!({"extra": {"map": {"b": 2}, "list": [{"name": "b"}]}});
    assert_eq!(
        strategic(&old, &patch, document.schema()).unwrap(),
        json!({"extra": {"map": {"a": 1, "b": 2}, "list": [{"name": "b"}]}})
    );
}

fn containers() -> impl Strategy<Value = Value> {
    let image = prop_oneof![Just("x"), Just("y")];
    let all = prop::collection::vec(image, 4);
    (Just(vec!["a", "b", "c", "d"]).prop_shuffle(), 0..=4usize, all).prop_map(|(names, count, images)| {
        let items = names.iter().zip(images).take(count);
        items
            .map(|(name, image)| json!({"name": name, "image": image}))
            .collect()
    })
}

proptest! {
    #[test]
    fn an_empty_patch_changes_nothing(containers in containers()) {
        let document = builtin::document("", "v1", "Pod").unwrap();
        let pod = json!({"metadata": {"name": "x"}, "spec": {"containers": containers}});
        prop_assert_eq!(strategic(&pod, &json!({}), document.schema()).unwrap(), pod);
    }

    #[test]
    fn items_of_the_patch_win_and_keep_their_order(live in containers(), patch in containers()) {
        let document = builtin::document("", "v1", "Pod").unwrap();
        let merged = strategic(
            &json!({"spec": {"containers": live}}),
            &json!({"spec": {"containers": patch}}),
            document.schema(),
        ).unwrap();
        let merged = merged["spec"]["containers"].as_array().unwrap();
        let in_patch = |item: &&Value| patch.as_array().unwrap().iter().any(|one| one["name"] == item["name"]);
        let ours: Vec<_> = merged.iter().filter(in_patch).collect();
        prop_assert_eq!(ours, patch.as_array().unwrap().iter().collect::<Vec<_>>());
        let others: Vec<_> = merged.iter().filter(|item| !in_patch(item)).collect();
        let kept: Vec<_> = live.as_array().unwrap().iter().filter(|item| !in_patch(item)).collect();
        prop_assert_eq!(others, kept);
    }
}
