//! `LabelSelector` objects (meta/v1): their text form and what they select.

use kinglet_model::{Requirement, Selector};
use serde_json::Value;

use crate::json::Json;

/// The text form, requirements ordered by key; `None` for an operator that does not exist.
pub(crate) fn text(selector: &Value) -> Option<String> {
    let equal = selector
        .entries("matchLabels")
        .map(|(key, value)| Some((key, format!("{key}={}", value.as_str()?))));
    let expressions = selector.list("matchExpressions").iter().map(|one| {
        let key = one.text("key");
        let mut values = one.texts("values");
        values.sort_unstable();
        let values = values.join(",");
        let text = match one.text("operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.to_owned(),
            "DoesNotExist" => format!("!{key}"),
            _ => return None,
        };
        Some((key, text))
    });
    let mut all: Vec<(&str, String)> = equal.chain(expressions).collect::<Option<_>>()?;
    all.sort_by_key(|(key, _)| *key);
    Some(
        all.into_iter()
            .map(|(_, text)| text)
            .collect::<Vec<_>>()
            .join(","),
    )
}
/// Whether the selector selects an object with these labels.
pub(crate) fn matches(selector: &Value, labels: &Value) -> bool {
    let equal = selector
        .entries("matchLabels")
        .map(|(key, value)| Requirement::In(key.into(), vec![value.as_str().unwrap_or_default().into()]));
    let expressions = selector.list("matchExpressions").iter().map(|one| {
        let key = one.text("key").into();
        let values = one.texts("values").into_iter().map(Into::into).collect();
        match one.text("operator") {
            "NotIn" => Requirement::NotIn(key, values),
            "Exists" => Requirement::Exists(key),
            "DoesNotExist" => Requirement::DoesNotExist(key),
            _ => Requirement::In(key, values),
        }
    });
    let selector = Selector {
        requirements: equal.chain(expressions).collect(),
    };
    selector.matches_with(|key| labels.get(key)?.as_str())
}
