//! Pod (core/v1).

use jiff::{SignedDuration, Timestamp};
use kinglet_model::Meta;
use serde::Deserialize;

use super::{Condition, OwnedMeta, Owner, PodSpec, condition, kind, nullable};

/// A Pod.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "Wire")]
pub(crate) struct Pod {
    pub(crate) metadata: Meta,
    /// Who controls the Pod.
    pub(crate) owner: Option<Owner>,
    pub(crate) spec: PodSpec,
    pub(crate) phase: Box<str>,
    pub(crate) conditions: Vec<Condition>,
    /// Of all containers.
    pub(crate) restarts: i64,
}

kind!(Pod, "", "v1", "Pod", "pods", true);

impl Pod {
    /// Whether it has ended for good.
    pub(crate) fn is_finished(&self) -> bool {
        matches!(&*self.phase, "Succeeded" | "Failed")
    }

    pub(crate) fn is_terminating(&self) -> bool {
        self.metadata.deletion_timestamp.is_some()
    }

    /// Whether it runs, or will.
    pub(crate) fn is_active(&self) -> bool {
        !self.is_finished() && !self.is_terminating()
    }

    pub(crate) fn is_bound(&self) -> bool {
        !self.spec.node_name.is_empty()
    }

    /// Since when it is ready; the outer `None` when it is not.
    pub(crate) fn ready(&self) -> Option<Option<Timestamp>> {
        let ready = condition(&self.conditions, "Ready").filter(|one| one.is_true());
        ready.map(|one| one.last_transition_time)
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.ready().is_some()
    }

    /// How long until it counts as available, if it stays ready; `None` when it is not ready.
    pub(crate) fn available_in(&self, min_ready_seconds: i32, now: Timestamp) -> Option<SignedDuration> {
        let since = self.ready()?;
        let wait = SignedDuration::from_secs(min_ready_seconds.into());
        let passed = since.map_or(SignedDuration::ZERO, |since| now.duration_since(since));
        Some((wait - passed).max(SignedDuration::ZERO))
    }

    /// Whether it has been ready for that long.
    pub(crate) fn is_available(&self, min_ready_seconds: i32, now: Timestamp) -> bool {
        self.available_in(min_ready_seconds, now)
            .is_some_and(|wait| wait.is_zero())
    }

    /// Whether the object with that uid controls it.
    pub(crate) fn is_controlled_by(&self, uid: &str) -> bool {
        self.owner.as_ref().is_some_and(|owner| *owner.uid == *uid)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wire {
    metadata: OwnedMeta,
    spec: PodSpec,
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    phase: Box<str>,
    #[serde(deserialize_with = "nullable")]
    conditions: Vec<Condition>,
    #[serde(deserialize_with = "nullable")]
    container_statuses: Vec<ContainerStatus>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ContainerStatus {
    restart_count: i64,
}

impl From<Wire> for Pod {
    fn from(wire: Wire) -> Self {
        let (metadata, owner) = wire.metadata.split();
        let containers = wire.status.container_statuses.iter();
        Self {
            metadata,
            owner,
            spec: wire.spec,
            phase: wire.status.phase,
            conditions: wire.status.conditions,
            restarts: containers.map(|one| one.restart_count).sum(),
        }
    }
}
