//! What makes Pods: Deployments, ReplicaSets, DaemonSets, StatefulSets, Jobs, CronJobs; and what says how
//! many of them run.

use kinglet_api_schema::FieldError;
use kinglet_model::Selector;
use serde_json::Value;

use super::Errors;
use super::{names, pod};
use crate::json::Json;

/// Deployment.
pub(crate) fn deployment(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    for field in [
        "spec.replicas",
        "spec.minReadySeconds",
        "spec.revisionHistoryLimit",
        "spec.progressDeadlineSeconds",
    ] {
        errors.not_negative(object, field);
    }
    selected_template(&mut errors, object, "deployment");
    let strategy = object.text("spec.strategy.type");
    errors.one_of(
        "spec.strategy.type",
        strategy,
        &["Recreate", "RollingUpdate"],
        true,
    );
    if strategy == "Recreate" && object.has("spec.strategy.rollingUpdate") {
        errors.forbidden(
            "spec.strategy.rollingUpdate",
            "may not be specified when strategy `type` is 'Recreate'",
        );
    }
    if object.int("spec.progressDeadlineSeconds") != 0
        && object.int("spec.progressDeadlineSeconds") <= object.int("spec.minReadySeconds")
    {
        errors.invalid(
            "spec.progressDeadlineSeconds",
            object.int("spec.progressDeadlineSeconds"),
            "must be greater than minReadySeconds",
        );
    }
    errors.0
}

/// ReplicaSet.
pub(crate) fn replica_set(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    errors.not_negative(object, "spec.replicas");
    errors.not_negative(object, "spec.minReadySeconds");
    selected_template(&mut errors, object, "deployment");
    errors.0
}

/// DaemonSet.
pub(crate) fn daemon_set(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    errors.not_negative(object, "spec.minReadySeconds");
    selected_template(&mut errors, object, "daemonset");
    let strategy = object.text("spec.updateStrategy.type");
    errors.one_of(
        "spec.updateStrategy.type",
        strategy,
        &["RollingUpdate", "OnDelete"],
        true,
    );
    errors.0
}

/// StatefulSet.
pub(crate) fn stateful_set(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    errors.not_negative(object, "spec.replicas");
    errors.not_negative(object, "spec.minReadySeconds");
    selected_template(&mut errors, object, "statefulset");
    if !object.text("spec.serviceName").is_empty() {
        errors.follows(
            "spec.serviceName",
            object.text("spec.serviceName"),
            names::dns_subdomain,
        );
    }
    errors.0
}

/// Job.
pub(crate) fn job(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    for field in ["spec.parallelism", "spec.completions", "spec.backoffLimit"] {
        errors.not_negative(object, field);
    }
    selected_template(&mut errors, object, "job");
    let policy = object.text("spec.template.spec.restartPolicy");
    if policy == "Always" {
        errors.0.push(FieldError::not_supported(
            "spec.template.spec.restartPolicy",
            policy,
            &["OnFailure", "Never"],
        ));
    }
    errors.0
}

/// CronJob.
pub(crate) fn cron_job(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let schedule = object.text("spec.schedule");
    if schedule.is_empty() {
        errors.required("spec.schedule", "");
    } else if !is_schedule(schedule) {
        let why = format!("Expected exactly 5 fields, or a descriptor such as @daily: {schedule}");
        errors.invalid("spec.schedule", schedule, why);
    }
    for field in [
        "spec.startingDeadlineSeconds",
        "spec.successfulJobsHistoryLimit",
        "spec.failedJobsHistoryLimit",
    ] {
        errors.not_negative(object, field);
    }
    errors.one_of(
        "spec.concurrencyPolicy",
        object.text("spec.concurrencyPolicy"),
        &["Allow", "Forbid", "Replace"],
        true,
    );
    let path = "spec.jobTemplate.spec.template.spec";
    pod::spec(&mut errors, path, object.at(path));
    let policy = object.text(&format!("{path}.restartPolicy"));
    if policy == "Always" {
        let accepted = ["OnFailure", "Never"];
        let path = format!("{path}.restartPolicy");
        errors.0.push(FieldError::not_supported(path, policy, &accepted));
    }
    errors.0
}

/// Five fields, or a descriptor of robfig/cron.
fn is_schedule(text: &str) -> bool {
    text.starts_with('@') || text.split_whitespace().count() == 5
}

/// PodTemplate.
pub(crate) fn pod_template(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    errors.labels("template.metadata.labels", object.at("template.metadata.labels"));
    pod::spec(&mut errors, "template.spec", object.at("template.spec"));
    errors.0
}

/// ReplicationController: its selector is a plain map.
pub(crate) fn replication_controller(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    errors.not_negative(object, "spec.replicas");
    let labels = object.at("spec.template.metadata.labels");
    if object.entries("spec.selector").next().is_none() {
        errors.required("spec.selector", "");
    } else if object
        .entries("spec.selector")
        .any(|(key, value)| labels.get(key) != Some(value))
    {
        let why = "`selector` does not match template `labels`";
        errors.invalid("spec.template.metadata.labels", labels.clone(), why);
    }
    pod::spec(&mut errors, "spec.template.spec", object.at("spec.template.spec"));
    errors.0
}

/// HorizontalPodAutoscaler, of both versions.
pub(crate) fn autoscaler(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let (least, most) = (object.int("spec.minReplicas"), object.int("spec.maxReplicas"));
    if least < 1 {
        errors.invalid("spec.minReplicas", least, "must be greater than or equal to 1");
    }
    if most < 1 {
        errors.invalid("spec.maxReplicas", most, "must be greater than 0");
    } else if most < least {
        errors.invalid(
            "spec.maxReplicas",
            most,
            "must be greater than or equal to `minReplicas`",
        );
    }
    errors.0
}

/// PodDisruptionBudget.
pub(crate) fn disruption_budget(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    if object.has("spec.minAvailable") && object.has("spec.maxUnavailable") {
        let why = "minAvailable and maxUnavailable cannot be both set";
        errors.invalid("spec", object.at("spec").clone(), why);
    }
    errors.label_selector("spec.selector", object.at("spec.selector"));
    errors.0
}

/// The highest value of a PriorityClass that users may have.
const HIGHEST_PRIORITY: i64 = 1_000_000_000;

/// PriorityClass.
pub(crate) fn priority_class(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let is_system = object.text("metadata.name").starts_with("system-");
    if object.int("value") > HIGHEST_PRIORITY && !is_system {
        let why = format!("maximum allowed value of a user defined priority is {HIGHEST_PRIORITY}");
        errors.forbidden("value", why);
    }
    errors.one_of(
        "preemptionPolicy",
        object.text("preemptionPolicy"),
        &["Never", "PreemptLowerPriority"],
        false,
    );
    errors.0
}

/// The selector is there and selects what the template makes. Pods of all but Jobs always restart. The words
/// for ReplicaSets are those for Deployments.
fn selected_template(errors: &mut Errors, object: &Value, kind: &str) {
    let selector = object.at("spec.selector");
    let everything =
        selector.entries("matchLabels").next().is_none() && selector.list("matchExpressions").is_empty();
    // Of a DaemonSet without a selector Kubernetes tells only that it does not match the template.
    if selector.is_null() && kind != "daemonset" {
        errors.required("spec.selector", "");
    } else {
        errors.label_selector("spec.selector", selector);
        if everything && !selector.is_null() {
            errors.invalid(
                "spec.selector",
                selector.clone(),
                format!("empty selector is invalid for {kind}"),
            );
        }
    }
    let labels = object.at("spec.template.metadata.labels");
    let matches = match Selector::from_label_selector(selector) {
        Ok(None) => false,
        Ok(Some(selector)) => selector.matches_with(|key| labels.get(key)?.as_str()),
        // What is wrong with the selector is said already.
        Err(_) => true,
    };
    if !matches {
        errors.invalid(
            "spec.template.metadata.labels",
            labels.clone(),
            "`selector` does not match template `labels`",
        );
    }
    errors.labels("spec.template.metadata.labels", labels);
    pod::spec(errors, "spec.template.spec", object.at("spec.template.spec"));
    let policy = object.text("spec.template.spec.restartPolicy");
    if kind != "job" && matches!(policy, "OnFailure" | "Never") {
        errors.0.push(FieldError::not_supported(
            "spec.template.spec.restartPolicy",
            policy,
            &["Always"],
        ));
    }
}

/// A change of what selects Pods.
pub(crate) fn selector_update(new: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    errors.immutable("spec.selector", new, old);
    errors.0
}
