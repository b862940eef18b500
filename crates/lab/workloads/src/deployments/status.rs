//! How far a Deployment is.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::super::objects::{Condition, Deployment, DeploymentStatus, ReplicaSetStatus, condition};
use super::sets::{Limits, Sets};

const AVAILABLE: &str = "Available";
const PROGRESSING: &str = "Progressing";
/// Reason of `Progressing` when everything is done.
const DONE: &str = "NewReplicaSetAvailable";
/// Reason of `Progressing` when something has happened since the last look.
const UPDATED: &str = "ReplicaSetUpdated";
const TIMED_OUT: &str = "ProgressDeadlineExceeded";
const PAUSED: &str = "DeploymentPaused";

/// The status without a word on progress, but for pauses.
pub(super) fn counted(deployment: &Deployment, sets: &Sets, now: Timestamp) -> DeploymentStatus {
    let sum = |field: fn(&ReplicaSetStatus) -> i32| sets.all().map(|set| field(&set.status)).sum::<i32>();
    let available = sum(|status| status.available_replicas);
    let mut status = DeploymentStatus {
        observed_generation: deployment.metadata.generation,
        replicas: sum(|status| status.replicas),
        updated_replicas: sets.new.as_ref().map_or(0, |set| set.status.replicas),
        ready_replicas: sum(|status| status.ready_replicas),
        available_replicas: available,
        unavailable_replicas: (sets.replicas() - available).max(0),
        terminating_replicas: sum(|status| status.terminating_replicas),
        conditions: deployment.status.conditions.clone(),
        collision_count: deployment.status.collision_count,
    };
    let enough = available >= deployment.replicas - Limits::of(deployment).unavailable;
    let (value, reason, message) = if enough {
        (
            "True",
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
        )
    } else {
        (
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
        )
    };
    set(&mut status.conditions, AVAILABLE, value, reason, message, now);
    note_pause(deployment, &mut status, now);
    status
}

fn note_pause(deployment: &Deployment, status: &mut DeploymentStatus, now: Timestamp) {
    if deployment.progress_deadline_seconds.is_none() {
        status.conditions.retain(|one| &*one.r#type != PROGRESSING);
        return;
    }
    let reason = reason(&status.conditions).unwrap_or_default().to_owned();
    // That it was stuck stays said.
    if deployment.paused && reason != PAUSED && reason != TIMED_OUT {
        let message = "Deployment is paused";
        set(
            &mut status.conditions,
            PROGRESSING,
            "Unknown",
            PAUSED,
            message,
            now,
        );
    // The time of the condition starts the deadline anew.
    } else if !deployment.paused && reason == PAUSED {
        let message = "Deployment is resumed";
        set(
            &mut status.conditions,
            PROGRESSING,
            "Unknown",
            "DeploymentResumed",
            message,
            now,
        );
    }
}

/// The status in a rollout. `created` is the name of the ReplicaSet that this step creates.
pub(super) fn rolled(
    deployment: &Deployment,
    sets: &Sets,
    created: Option<&str>,
    now: Timestamp,
) -> DeploymentStatus {
    let mut status = counted(deployment, sets, now);
    if deployment.progress_deadline_seconds.is_none() {
        return status;
    }
    let progress = progress(deployment, sets, &status, created, now);
    if let Some((value, reason, message)) = progress {
        set(&mut status.conditions, PROGRESSING, value, reason, &message, now);
    }
    status
}

/// Status, reason and message of the condition `Progressing`.
type Progress = (&'static str, &'static str, String);

/// What is to be said on progress; nothing when there is nothing new.
fn progress(
    deployment: &Deployment,
    sets: &Sets,
    status: &DeploymentStatus,
    created: Option<&str>,
    now: Timestamp,
) -> Option<Progress> {
    let before = condition(&status.conditions, PROGRESSING);
    let was_done = before.is_some_and(|one| &*one.reason == DONE);
    let new = sets.new.as_ref().map(|set| &*set.metadata.name);
    let set = |end: &str| format!("ReplicaSet {:?} {end}", new.unwrap_or(&deployment.metadata.name));
    if let Some(created) = created {
        let message = format!("Created new replica set {created:?}");
        Some(("True", "NewReplicaSetCreated", message))
    // Scaling what is rolled out is no rollout: it has neither progress nor a deadline.
    } else if was_done && status.replicas == status.updated_replicas {
        None
    } else if is_complete(deployment, status) {
        Some(("True", DONE, set("has successfully progressed.")))
    } else if has_progressed(&deployment.status, status) {
        Some(("True", UPDATED, set("is progressing.")))
    } else if until_deadline(deployment, before, now) == Some(SignedDuration::ZERO) {
        Some(("False", TIMED_OUT, set("has timed out progressing.")))
    } else {
        let found = new.filter(|_| before.is_none())?;
        let message = format!("Found new replica set {found:?}");
        Some(("True", "FoundNewReplicaSet", message))
    }
}

/// Whether all Pods are of the new template, available, and as many as wanted.
pub(super) fn is_complete(deployment: &Deployment, status: &DeploymentStatus) -> bool {
    let wanted = deployment.replicas;
    status.updated_replicas == wanted && status.replicas == wanted && status.available_replicas >= wanted
}

fn has_progressed(before: &DeploymentStatus, now: &DeploymentStatus) -> bool {
    let old = |status: &DeploymentStatus| status.replicas - status.updated_replicas;
    now.updated_replicas > before.updated_replicas
        || old(now) < old(before)
        || now.ready_replicas > before.ready_replicas
        || now.available_replicas > before.available_replicas
}

/// The time that is left for the next progress; `None` when none is waited for.
fn until_deadline(
    deployment: &Deployment,
    progressing: Option<&Condition>,
    now: Timestamp,
) -> Option<SignedDuration> {
    let progressing = progressing.filter(|one| !matches!(&*one.reason, DONE | TIMED_OUT | PAUSED))?;
    let deadline = SignedDuration::from_secs(deployment.progress_deadline_seconds?.into());
    let passed = now.duration_since(progressing.last_update_time?);
    Some((deadline - passed).max(SignedDuration::ZERO))
}

/// When to look whether the deadline has passed.
pub(super) fn deadline(
    deployment: &Deployment,
    status: &DeploymentStatus,
    now: Timestamp,
) -> Option<Duration> {
    let progressing = condition(&status.conditions, PROGRESSING);
    let left = until_deadline(deployment, progressing, now)?;
    Duration::try_from(left).ok()
}

fn reason(conditions: &[Condition]) -> Option<&str> {
    condition(conditions, PROGRESSING).map(|one| &*one.reason)
}

/// Sets a condition; one that says the same stays as old as it is, but that of an update, which tells when it
/// last went on.
fn set(
    conditions: &mut Vec<Condition>,
    kind: &str,
    value: &str,
    reason: &str,
    message: &str,
    now: Timestamp,
) {
    let now = whole_seconds(now);
    let before = condition(conditions, kind).cloned();
    let same_value = before.as_ref().filter(|one| &*one.status == value);
    if same_value.is_some_and(|one| &*one.reason == reason && reason != UPDATED) {
        return;
    }
    let since = same_value.and_then(|one| one.last_transition_time);
    conditions.retain(|one| &*one.r#type != kind);
    conditions.push(Condition {
        r#type: kind.into(),
        status: value.into(),
        reason: reason.into(),
        message: message.into(),
        last_transition_time: Some(since.unwrap_or(now)),
        last_update_time: Some(now),
        last_heartbeat_time: None,
    });
}

/// Times of the API have no fractions of seconds.
fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
