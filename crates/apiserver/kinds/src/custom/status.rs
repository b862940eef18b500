//! The status of a CustomResourceDefinition.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::json::Json;

/// Whether a definition's kinds are served.
pub(crate) fn is_established(crd: &Value) -> bool {
    crd.list("status.conditions")
        .iter()
        .any(|one| one.text("type") == "Established" && one.text("status") == "True")
}

/// The status of a definition whose names nobody else has: accepted and established since `now`, or since
/// when it was before. Versions that were stored stay listed.
pub fn established_status(crd: &Value, now: Timestamp) -> Value {
    let conditions: Vec<Value> = [
        ("NamesAccepted", "NoConflicts", "no conflicts found"),
        (
            "Established",
            "InitialNamesAccepted",
            "the initial names have been accepted",
        ),
    ]
    .into_iter()
    .map(|(kind, reason, message)| {
        let before = crd
            .list("status.conditions")
            .iter()
            .find(|one| one.text("type") == kind && one.text("status") == "True");
        let since = before.map_or_else(
            || format!("{now:.0}"),
            |condition| condition.text("lastTransitionTime").to_owned(),
        );
        json!({
            "type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": since,
        })
    })
    .collect();
    let mut stored = crd.texts("status.storedVersions");
    for version in crd
        .list("spec.versions")
        .iter()
        .filter(|version| version.flag("storage"))
    {
        if !stored.contains(&version.text("name")) {
            stored.push(version.text("name"));
        }
    }
    let names: Map<String, Value> = crd
        .entries("spec.names")
        .map(|(key, value)| (key.to_owned(), value.clone()))
        .collect();
    json!({"conditions": conditions, "acceptedNames": names, "storedVersions": stored})
}
