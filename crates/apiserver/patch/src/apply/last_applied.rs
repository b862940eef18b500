//! `kubectl apply` on the client: its annotation lets server-side apply take over what the client applied.

use serde_json::{Value, json};

use super::compare::Changes;
use super::fields::fields_of;
use super::set::FieldSet;
use super::types::Type;
use super::validate;

const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// The manager whose server-side applies continue client-side ones.
pub(super) const KUBECTL: &str = "kubectl";
/// Most bytes of all annotations of an object.
const MOST_BYTES: usize = 256 * 1024;

fn annotation(object: &Value) -> Option<&str> {
    let annotations = object.get("metadata")?.get("annotations")?;
    let text = annotations.get(ANNOTATION)?.as_str()?;
    (!text.is_empty()).then_some(text)
}

/// The fields that were last applied by the client and are still as it applied them: kubectl may take these
/// from anybody.
pub(super) fn own_fields(live: &Value, api_version: &str, ty: Type<'_>) -> Option<FieldSet> {
    let applied: Value = serde_json::from_str(annotation(live)?).ok()?;
    if applied.get("apiVersion").and_then(Value::as_str) != Some(api_version) {
        return None;
    }
    if [&applied, live]
        .iter()
        .any(|value| validate::faults(value, ty, false).is_some())
    {
        return None;
    }
    let changes = Changes::between(&applied, live, ty);
    let changed = changes.set().union(&changes.removed);
    Some(fields_of(&applied, ty).difference(&changed))
}

/// Brings the annotation up to date, where there is one.
pub(super) fn refresh(object: &mut Value, applied: &Value) {
    if annotation(object).is_none() {
        return;
    }
    let mut applied = applied.clone();
    if let Some(annotations) = applied.pointer_mut("/metadata/annotations")
        && let Some(annotations) = annotations.as_object_mut()
    {
        annotations.remove(ANNOTATION);
    }
    let Some(annotations) = object.pointer_mut("/metadata/annotations") else {
        return;
    };
    let Some(annotations) = annotations.as_object_mut() else {
        return;
    };
    // With the line feed that kubectl's encoder writes.
    annotations.insert(ANNOTATION.into(), json!(format!("{applied}\n")));
    let size = |(key, value): (&String, &Value)| key.len() + value.as_str().map_or(0, str::len);
    // Validation would refuse the object (`TotalAnnotationSizeLimitB`): rather no annotation than no apply.
    if annotations.iter().map(size).sum::<usize>() > MOST_BYTES {
        annotations.remove(ANNOTATION);
    }
}
