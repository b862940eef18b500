//! Server-side apply: who owns which field of an object, and what that means for a configuration somebody
//! applies.
//!
//! [`apply`] merges a configuration into an object; [`track_update`] keeps the books for every other write.
//! Both keep `metadata.managedFields`.
//!
//! The parts, from below: paths and sets of them, the shapes of values by schema, then the operations on
//! values (checking, collecting fields, comparing, merging, removing), then ownership, then one write.
//!
//! The rules are those of `sigs.k8s.io/structured-merge-diff` and
//! `k8s.io/apimachinery/pkg/util/managedfields`. Every version of a kind is taken to be the same, so that
//! ownership needs no conversion.

mod compare;
mod error;
mod fields;
mod last_applied;
mod list;
mod managers;
mod merge;
mod ownership;
mod path;
mod reconcile;
mod remove;
mod set;
#[cfg(test)]
mod tests;
mod types;
mod validate;
mod write;

use serde_json::{Map, Value};

pub use error::{ApplyError, ConflictCause};
use managers::Managers;
use types::Type;
pub use write::Write;

/// The manager of what an object had before anybody applied to it.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

/// Applies a configuration, to the live object or, without one, as a new object. The result has its
/// `managedFields`.
///
/// The result is the live object itself, but for `managedFields`, when the configuration changes nothing. A
/// `null` in the configuration stays in the result.
///
/// # Errors
/// [`ApplyError::Conflict`] when others own fields that the configuration changes, unless `force` takes the
/// fields from them.
pub fn apply(
    live: Option<&Value>,
    applied: &Value,
    force: bool,
    write: &Write<'_>,
) -> Result<Value, ApplyError> {
    check_kind(applied, write)?;
    let empty = Value::Object(Map::new());
    let mut live = live.unwrap_or(&empty).clone();
    let stored = take_managed_fields(&mut live);
    let stored = stored.as_ref().and_then(Value::as_array);
    let mut managers = Managers::decode(stored.map_or(&[], Vec::as_slice))
        .ok_or_else(|| ApplyError::Failed("failed to decode managed fields".into()))?;
    let ownership = write.ownership();
    managers.reconcile(ownership.ty);
    check_values(applied, &live, ownership.ty, write)?;
    if managers.0.is_empty() {
        // Fields without an owner would fall to whoever applies first, without a conflict.
        let first = Write {
            manager: BEFORE_FIRST_APPLY,
            ..*write
        };
        first.record(&ownership, &empty, &live, &mut managers);
    }
    let mut object = write.merge(&ownership, &live, applied, &mut managers, force)?;
    if write.manager == last_applied::KUBECTL {
        last_applied::refresh(&mut object, applied);
    }
    set_managed_fields(&mut object, managers.encode());
    Ok(object)
}

/// Records who changed what by a write that is no apply: compares the old object, if there is one, with the
/// new one, and sets `managedFields` of the new one. `managedFields` that the writer sent replace the old
/// ones; an empty list, or one with an empty entry, clears them.
///
/// An object without `managedFields` stays without until somebody applies to it.
pub fn track_update(old: Option<&Value>, new: &mut Value, write: &Write<'_>) {
    let mut old = old.cloned().unwrap_or_else(|| Value::Object(Map::new()));
    let stored = take_managed_fields(&mut old);
    let sent = take_managed_fields(new);
    // Through a subresource nobody can set the entries.
    let sent = sent.filter(|_| write.subresource.is_none());
    let mut managers = managers_of_update(stored.as_ref(), sent.as_ref());
    let exists = old.pointer("/metadata/uid").is_some();
    if managers.0.is_empty() && exists {
        return;
    }
    let ownership = write.ownership();
    let faulty = |value: &Value| validate::faults(value, ownership.ty, true).is_some();
    // As in Kubernetes, no write fails for want of bookkeeping.
    if faulty(new) || faulty(&old) {
        set_managed_fields(new, stored);
        return;
    }
    managers.reconcile(ownership.ty);
    write.record(&ownership, &old, new, &mut managers);
    managers.cap_updates();
    set_managed_fields(new, managers.encode());
}

/// The entries that an update starts from: those sent, if they are any and well-formed, else those stored.
fn managers_of_update(stored: Option<&Value>, sent: Option<&Value>) -> Managers {
    let sent = sent.and_then(Value::as_array);
    let resets = |list: &Vec<Value>| match list.as_slice() {
        [] => true,
        [only] => only.as_object().is_some_and(Map::is_empty),
        _ => false,
    };
    if sent.is_some_and(resets) {
        return Managers::default();
    }
    sent.and_then(|list| Managers::decode(list))
        .filter(|managers| !managers.0.is_empty())
        .or_else(|| Managers::decode(stored?.as_array()?))
        .unwrap_or_default()
}

fn check_kind(applied: &Value, write: &Write<'_>) -> Result<(), ApplyError> {
    let text = |key: &str| applied.get(key).and_then(Value::as_str).unwrap_or_default();
    if text("apiVersion") != write.api_version || text("kind") != write.kind {
        let kind = shown_kind(text("apiVersion"), text("kind"));
        return Err(ApplyError::BadRequest(format!("invalid object type: {kind}")));
    }
    let sent = applied.pointer("/metadata/managedFields");
    if sent.is_some_and(|sent| !sent.is_null()) {
        return Err(ApplyError::BadRequest(
            "metadata.managedFields must be nil".into(),
        ));
    }
    Ok(())
}

fn check_values(applied: &Value, live: &Value, ty: Type<'_>, write: &Write<'_>) -> Result<(), ApplyError> {
    for (what, value, duplicates_allowed) in [("patch", applied, false), ("live", live, true)] {
        if let Some(faults) = validate::faults(value, ty, duplicates_allowed) {
            let meta = |key: &str| value.pointer(key).and_then(Value::as_str).unwrap_or_default();
            return Err(ApplyError::Failed(format!(
                "failed to create typed {what} object ({}/{}; {}): {faults}",
                meta("/metadata/namespace"),
                meta("/metadata/name"),
                shown_kind(write.api_version, write.kind),
            )));
        }
    }
    Ok(())
}

/// Group, version and kind as messages show them: `/v1, Kind=Service`.
fn shown_kind(api_version: &str, kind: &str) -> String {
    let slash = if api_version.contains('/') { "" } else { "/" };
    format!("{slash}{api_version}, Kind={kind}")
}

/// Takes `metadata.managedFields` out of an object; `null` counts as none.
fn take_managed_fields(object: &mut Value) -> Option<Value> {
    let metadata = object.get_mut("metadata")?.as_object_mut()?;
    metadata.remove("managedFields").filter(|list| !list.is_null())
}

fn set_managed_fields(object: &mut Value, list: Option<Value>) {
    let (Some(list), Some(object)) = (list, object.as_object_mut()) else {
        return;
    };
    let metadata = object
        .entry("metadata")
        .or_insert_with(|| Value::Object(Map::new()));
    if let Some(metadata) = metadata.as_object_mut() {
        metadata.insert("managedFields".into(), list);
    }
}
