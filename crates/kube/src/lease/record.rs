//! A Lease, and who may take it.

use std::time::Duration;

use kinglet_model::{Meta, Object, ObjectName};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The kind, for URLs.
#[derive(Deserialize)]
pub(super) struct LeaseKind {
    metadata: Meta,
}

impl Object for LeaseKind {
    const GROUP: &'static str = "coordination.k8s.io";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Lease";
    const PLURAL: &'static str = "leases";
    const NAMESPACED: bool = true;

    fn meta(&self) -> &Meta {
        &self.metadata
    }
}

/// A Lease, whole: what others wrote into it is written back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Lease {
    pub(super) metadata: Map<String, Value>,
    pub(super) spec: LeaseSpec,
}

/// `spec` of a Lease.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct LeaseSpec {
    /// Empty, or missing, when it is free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) holder_identity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lease_duration_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) acquire_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) renew_time: Option<String>,
    /// How often the holder has changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lease_transitions: Option<u64>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Lease {
    /// One that does not exist yet.
    pub(super) fn new(name: &ObjectName) -> Self {
        let field = |field: &str, value: &str| (field.to_owned(), value.into());
        let metadata = [field("name", &name.name), field("namespace", &name.namespace)];
        Self {
            metadata: metadata.into_iter().collect(),
            spec: LeaseSpec::default(),
        }
    }

    /// Who has it; empty when nobody does.
    pub(super) fn holder(&self) -> &str {
        self.spec.holder_identity.as_deref().unwrap_or_default()
    }

    /// Its `uid`.
    pub(super) fn uid(&self) -> &str {
        self.metadata
            .get("uid")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// For how long its holder, if it said so, is believed in after it was last heard.
    fn duration(&self) -> Option<Duration> {
        self.spec.lease_duration_seconds.map(Duration::from_secs)
    }

    /// The Lease that a candidate may write at `now`, having seen this one unchanged for `age`; `None` while
    /// another holds it.
    pub(super) fn claimed(
        &self,
        identity: &str,
        duration: Duration,
        age: Duration,
        now: &str,
    ) -> Option<Self> {
        let is_own = self.holder() == identity;
        let believed = self.duration().unwrap_or(duration);
        if !is_own && !self.holder().is_empty() && age <= believed {
            return None;
        }
        let mut claimed = self.clone();
        claimed.spec.holder_identity = Some(identity.to_owned());
        // API servers refuse a duration of 0 seconds.
        claimed.spec.lease_duration_seconds = Some(duration.as_millis().div_ceil(1000).max(1) as u64);
        claimed.spec.renew_time = Some(now.to_owned());
        if !is_own || self.spec.acquire_time.is_none() {
            claimed.spec.acquire_time = Some(now.to_owned());
        }
        let transitions = self.spec.lease_transitions;
        claimed.spec.lease_transitions = Some(match transitions {
            // A new Lease has not changed hands.
            None => 0,
            Some(before) if is_own => before,
            Some(before) => before + 1,
        });
        Some(claimed)
    }

    /// The Lease without a holder: others need not wait.
    pub(super) fn released(&self, now: &str) -> Self {
        let mut released = self.clone();
        released.spec.holder_identity = Some(String::new());
        // The shortest that API servers accept, as client-go writes it.
        released.spec.lease_duration_seconds = Some(1);
        released.spec.renew_time = Some(now.to_owned());
        released
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: &str = "2026-01-01T00:00:00.000001Z";

    fn lease(spec: Value) -> Lease {
        serde_json::from_value(json!({"metadata": {"name": "l", "labels": {"a": "b"}}, "spec": spec}))
            .unwrap()
    }

    fn claim(spec: Value, age: u64) -> Option<Value> {
        let (duration, age) = (Duration::from_secs(15), Duration::from_secs(age));
        let claimed = lease(spec).claimed("me", duration, age, NOW)?;
        assert_eq!(claimed.metadata["labels"], json!({"a": "b"}));
        Some(serde_json::to_value(claimed.spec).unwrap())
    }

    fn held(holder: &str) -> Value {
        json!({
            "holderIdentity": holder, "leaseDurationSeconds": 20, "leaseTransitions": 3,
            "acquireTime": "a", "renewTime": "r",
        })
    }

    fn written(acquired: &str, transitions: u64) -> Value {
        json!({
            "holderIdentity": "me", "leaseDurationSeconds": 15, "leaseTransitions": transitions,
            "acquireTime": acquired, "renewTime": NOW,
        })
    }

    #[test]
    fn who_may_take_it() {
        let table = [
            ("nobody has it yet", json!({}), 0, Some(written(NOW, 0))),
            ("another, heard of", held("other"), 20, None),
            ("another, silent", held("other"), 21, Some(written(NOW, 4))),
            (
                "another that promised nothing",
                json!({"holderIdentity": "o"}),
                15,
                None,
            ),
            ("released", held(""), 0, Some(written(NOW, 4))),
            ("our own", held("me"), 99, Some(written("a", 3))),
        ];
        for (what, spec, age, expected) in table {
            assert_eq!(claim(spec, age), expected, "{what}");
        }
    }

    #[test]
    fn what_is_not_ours_stays() {
        let mut spec = held("");
        spec["strategy"] = "OldestEmulationVersion".into();
        assert_eq!(claim(spec, 0).unwrap()["strategy"], "OldestEmulationVersion");
    }

    #[test]
    fn a_released_lease_has_no_holder() {
        let released = lease(held("me")).released(NOW);
        assert_eq!(released.holder(), "");
        assert_eq!(released.spec.lease_duration_seconds, Some(1));
        assert_eq!(released.spec.lease_transitions, Some(3));
    }
}
