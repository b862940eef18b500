//! Events: one kind of object, two shapes. `events.k8s.io/v1` renames fields of the core Event; the core
//! shape is the stored one.

use serde_json::Value;

use crate::Storage;
use crate::json::JsonMut;

/// Core Events as `events.k8s.io/v1` shows them.
pub(crate) const STORAGE: Storage = Storage {
    group: "",
    plural: "events",
    to_stored,
    from_stored,
};

/// Name in the core group, name in `events.k8s.io`.
const RENAMED: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

fn to_stored(event: &mut Value) {
    for (core, renamed) in RENAMED {
        rename(event, renamed, core);
    }
    event.put("apiVersion", "v1");
    defaults(event);
}

fn from_stored(event: &mut Value) {
    for (core, renamed) in RENAMED {
        rename(event, core, renamed);
    }
    event.put("apiVersion", "events.k8s.io/v1");
}

fn rename(event: &mut Value, from: &str, to: &str) {
    if let Some(value) = event.drop_field(from) {
        event.put(to, value);
    }
}

/// Fields of the core Event that are always written.
pub(crate) fn defaults(event: &mut Value) {
    event.fill("source", serde_json::json!({}));
    event.fill("reportingComponent", "");
    event.fill("reportingInstance", "");
}
