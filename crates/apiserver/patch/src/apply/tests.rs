//! Server-side apply: laws that hold for any configuration, and single rules.

#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use kinglet_api_schema::{SchemaDocument, builtin};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::set::FieldSet;
use super::{ApplyError, Write, apply, track_update};

/// Sequences of writes with what `k8s.io/apimachinery/pkg/util/managedfields` makes of them; `schemaless` and
/// `Widget` ones as custom resources.
const UPSTREAM: &str = include_str!("../../tests/cases/apply.json");

/// The schema of the custom resource `Widget`: every type of list and map.
static WIDGET: LazyLock<SchemaDocument> = LazyLock::new(|| SchemaDocument {
    definitions: builtin::definitions(),
    root: serde_json::from_str(include_str!("../../tests/cases/widget.json")).unwrap(),
});

/// One write of a sequence.
struct Step<'a> {
    index: usize,
    step: &'a Value,
}

impl Step<'_> {
    fn text(&self, key: &str) -> &str {
        self.step[key].as_str().unwrap_or_default()
    }

    /// Writes to the live object. The error is `None` for a write that succeeds.
    fn run(
        &self,
        live: &mut Option<Value>,
        document: Option<&SchemaDocument>,
        case: &Value,
    ) -> Option<ApplyError> {
        let group = case["group"].as_str().unwrap();
        let version = case["version"].as_str().unwrap();
        let api_version = if group.is_empty() {
            version.to_owned()
        } else {
            format!("{group}/{version}")
        };
        let reset = self.step["reset"].as_array();
        let reset: Vec<_> = reset.into_iter().flatten().filter_map(Value::as_str).collect();
        let write = Write {
            api_version: &api_version,
            kind: case["kind"].as_str().unwrap(),
            schema: document.map(SchemaDocument::schema),
            manager: self.text("manager"),
            subresource: Some(self.text("subresource")).filter(|name| !name.is_empty()),
            reset: &reset,
            now: &format!("2026-01-01T00:00:{:02}Z", self.index + 1),
        };
        let object = &self.step["object"];
        if self.text("op") == "apply" {
            let force = self.step["force"] == true;
            match apply(live.as_ref(), object, force, &write) {
                Ok(applied) => *live = Some(applied),
                Err(error) => return Some(error),
            }
        } else {
            let built_in = document.is_some_and(|document| document.schema().definition_name().is_some());
            let mut new = if built_in { lean(object) } else { object.clone() };
            track_update(live.as_ref(), &mut new, &write);
            *live = Some(new);
        }
        None
    }
}

/// An object as a server with types stores it: without empty maps and lists.
fn lean(object: &Value) -> Value {
    without(object, &|value| {
        value.is_null() || *value == json!({}) || *value == json!([])
    })
}

/// An object without what a server with types shows although it is not set: also empty texts, zeros and
/// `false`.
fn comparable(object: &Value) -> Value {
    without(&lean(object), &|value| {
        value.is_null()
            || ["", "0", "false", "{}", "[]"]
                .iter()
                .any(|zero| value.to_string().trim_matches('"') == *zero)
    })
}

fn without(value: &Value, empty: &dyn Fn(&Value) -> bool) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| match name.as_str() {
                "managedFields" => (name.clone(), field.clone()),
                _ => (name.clone(), without(field, empty)),
            })
            .filter(|(name, field)| name == "managedFields" || !empty(field))
            .collect(),
        Value::Array(items) => items.iter().map(|item| without(item, empty)).collect(),
        other => other.clone(),
    }
}

fn expected_error(step: &Value) -> Option<(String, Vec<(String, String)>)> {
    let message = step.get("error")?.as_str()?.to_owned();
    let causes = step["causes"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Some((
        message,
        causes.map(|cause| (text(&cause[0]), text(&cause[1]))).collect(),
    ))
}

fn shown_error(error: &ApplyError) -> (String, Vec<(String, String)>) {
    let causes = match error {
        ApplyError::Conflict { causes, .. } => {
            let mut causes: Vec<_> = causes
                .iter()
                .map(|one| (one.field.clone(), one.message.clone()))
                .collect();
            causes.sort_by_key(|(field, message)| format!("{message}{field}"));
            causes
        }
        _ => Vec::new(),
    };
    (error.to_string(), causes)
}

#[test]
fn owns_as_upstream() {
    let cases: Vec<Value> = serde_json::from_str(UPSTREAM).unwrap();
    let mut wrong = Vec::new();
    for case in &cases {
        let text = |key: &str| case[key].as_str().unwrap_or_default();
        let built_in = builtin::document(text("group"), text("version"), text("kind"));
        let document = match text("kind") {
            "Widget" => Some(&*WIDGET),
            _ => built_in.as_deref(),
        };
        let mut live = case.get("live").map(lean);
        for (index, step) in case["steps"].as_array().unwrap().iter().enumerate() {
            let changed = step.get("schema").map(|root| SchemaDocument {
                definitions: builtin::definitions(),
                root: root.clone(),
            });
            let document = changed.as_ref().or(document);
            let error = Step { index, step }.run(&mut live, document, case);
            let found = error.as_ref().map(shown_error);
            if found != expected_error(step) {
                wrong.push(format!(
                    "{} {index}:\n  found {found:?}\n  not   {:?}",
                    text("name"),
                    step.get("error")
                ));
                break;
            }
            if error.is_some() {
                continue;
            }
            let (found, expected) = (comparable(live.as_ref().unwrap()), comparable(&step["expected"]));
            if found != expected {
                wrong.push(format!(
                    "{} {index}:\n  found {found}\n  not   {expected}",
                    text("name")
                ));
                break;
            }
            if built_in.is_some() {
                live = live.as_ref().map(lean);
            }
        }
    }
    assert!(cases.len() > 100);
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_is_always_shown_is_nobodys() {
    let event = json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "e", "namespace": "default", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "involvedObject": {"namespace": "default"},
        "source": {},
        "firstTimestamp": null,
        "lastTimestamp": null,
        "eventTime": null,
        "reportingComponent": "",
        "reportingInstance": "",
    });
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", "resources": {}}], "securityContext": {}},
        "status": {},
    });
    for (mut object, expected) in [
        (event, json!({"f:involvedObject": {}})),
        (
            pod,
            json!({"f:spec": {
                "f:containers": {"k:{\"name\":\"c\"}": {".": {}, "f:name": {}, "f:resources": {}}},
                "f:securityContext": {},
            }}),
        ),
    ] {
        let kind = object["kind"].as_str().unwrap().to_owned();
        let document = builtin::document("", "v1", &kind).unwrap();
        let write = Write {
            api_version: "v1",
            kind: &kind,
            schema: Some(document.schema()),
            manager: "m",
            subresource: None,
            reset: &[],
            now: "2026-01-01T00:00:00Z",
        };
        track_update(None, &mut object, &write);
        assert_eq!(
            object["metadata"]["managedFields"][0]["fieldsV1"], expected,
            "{kind}"
        );
    }
}

fn text() -> impl Strategy<Value = Value> {
    "[12]".prop_map(Value::from)
}

/// A map of some of these fields.
fn some_of<S: Strategy<Value = Value> + 'static>(
    fields: Vec<(&'static str, S)>,
) -> impl Strategy<Value = Value> {
    let fields: Vec<_> = fields
        .into_iter()
        .map(|(name, value)| prop::option::of(value).prop_map(move |value| (name, value)))
        .collect();
    fields.prop_map(|fields| {
        let set = fields
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Value::Object(set.collect())
    })
}

/// A configuration of a `Widget`.
fn config() -> impl Strategy<Value = Value> {
    let tags = prop::sample::subsequence(vec!["a", "b", "c"], 0..=3)
        .prop_shuffle()
        .prop_map(Value::from);
    let rule = some_of(vec![
        ("weight", (1..3).prop_map(Value::from).boxed()),
        ("labels", some_of(vec![("p", text()), ("q", text())]).boxed()),
    ]);
    let rules = (
        prop::sample::subsequence(vec!["1", "2", "3"], 0..=3).prop_shuffle(),
        prop::collection::vec(rule, 3),
    )
        .prop_map(|(ids, rules)| {
            let rules = ids.into_iter().zip(rules).map(|(id, mut rule)| {
                rule["id"] = id.into();
                rule
            });
            Value::Array(rules.collect())
        });
    let spec = some_of(vec![
        ("name", text().boxed()),
        ("tags", tags.boxed()),
        ("rules", rules.boxed()),
        ("parts", some_of(vec![("k", text()), ("l", text())]).boxed()),
        ("whole", some_of(vec![("a", text()), ("b", text())]).boxed()),
        (
            "free",
            some_of(vec![
                ("m", text().boxed()),
                ("n", some_of(vec![("o", text())]).boxed()),
            ])
            .boxed(),
        ),
    ]);
    spec.prop_map(|spec| json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec}))
}

/// A configuration without empty maps and lists. Somebody may own one that is no longer shown.
fn config_without_empties() -> impl Strategy<Value = Value> {
    config().prop_map(|config| lean(&lean(&lean(&config))))
}

fn apply_as(manager: &str, live: Option<&Value>, config: &Value, force: bool) -> Result<Value, ApplyError> {
    let write = Write {
        api_version: "example.com/v1",
        kind: "Widget",
        schema: Some(WIDGET.schema()),
        manager,
        subresource: None,
        reset: &["status"],
        now: "2026-01-01T00:00:00Z",
    };
    apply(live, config, force, &write)
}

/// The fields of a manager, `None` when it owns nothing.
fn owned(object: &Value, manager: &str) -> Option<FieldSet> {
    let entries = object["metadata"]["managedFields"].as_array()?;
    let entry = entries.iter().find(|entry| entry["manager"] == manager)?;
    FieldSet::decode(&entry["fieldsV1"])
}

fn fields_of_config(config: &Value) -> Option<FieldSet> {
    let fields = super::fields::fields_of(config, super::Type::of(WIDGET.schema()));
    Some(fields.difference(&FieldSet::of_fields(&super::write::NEVER_OWNED)))
        .filter(|fields| !fields.is_empty())
}

const NOTHING: &str = r#"{"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}}"#;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn applying_twice_is_applying_once(a in config(), b in config()) {
        let live = apply_as("a", None, &a, false).unwrap();
        let once = apply_as("b", Some(&live), &b, true).unwrap();
        prop_assert_eq!(apply_as("b", Some(&once), &b, false).unwrap(), once);
    }

    #[test]
    fn a_manager_owns_what_it_applies(a in config(), b in config()) {
        let live = apply_as("a", None, &a, false).unwrap();
        let live = apply_as("b", Some(&live), &b, true).unwrap();
        prop_assert_eq!(owned(&live, "b"), fields_of_config(&b));
    }

    #[test]
    fn giving_up_leaves_what_others_own(a in config(), b in config_without_empties()) {
        let nothing: Value = serde_json::from_str(NOTHING).unwrap();
        let live = apply_as("a", None, &a, false).unwrap();
        let both = apply_as("b", Some(&live), &b, true).unwrap();
        let left = apply_as("a", Some(&both), &nothing, false).unwrap();
        prop_assert_eq!(owned(&left, "a"), None);
        prop_assert_eq!(owned(&left, "b"), owned(&both, "b"));
        prop_assert_eq!(apply_as("b", Some(&left), &b, false).unwrap(), left);
    }

    #[test]
    fn only_one_of_two_that_disagree(a in config(), b in config()) {
        let live = apply_as("a", None, &a, false).unwrap();
        let agreed = apply_as("b", Some(&live), &b, false);
        let forced = apply_as("b", Some(&live), &b, true).unwrap();
        match agreed {
            Ok(agreed) => prop_assert_eq!(agreed, forced),
            Err(error) => {
                prop_assert_eq!(error.status(), 409);
                let back = apply_as("a", Some(&forced), &a, false);
                prop_assert_eq!(back.map_err(|error| error.status()), Err(409));
            }
        }
    }

    #[test]
    fn sets_survive_their_json_form(a in config()) {
        let fields = super::fields::fields_of(&a, super::Type::of(WIDGET.schema()));
        prop_assert_eq!(FieldSet::decode(&fields.encoded()), Some(fields));
    }

    #[test]
    fn algebra_of_sets(a in config(), b in config()) {
        let fields = |config: &Value| super::fields::fields_of(config, super::Type::of(WIDGET.schema()));
        let (a, b) = (fields(&a), fields(&b));
        prop_assert_eq!(a.union(&b), b.union(&a));
        prop_assert_eq!(a.intersection(&b), b.intersection(&a));
        prop_assert_eq!(&a.difference(&b).union(&a.intersection(&b)), &a);
        prop_assert!(a.difference(&b).intersection(&b).is_empty());
        prop_assert_eq!(a.union(&b).paths().len(), a.paths().len() + b.difference(&a).paths().len());
        prop_assert!(a.recursive_difference(&a).is_empty());
    }
}
