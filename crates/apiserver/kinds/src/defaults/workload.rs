//! What makes Pods: Deployments, ReplicaSets, DaemonSets, StatefulSets, Jobs, CronJobs; and what says how
//! many of them run.

use serde_json::{Value, json};

use super::pod;
use crate::autoscaler::cpu_utilization;
use crate::json::{Json, JsonMut};

/// Old revisions that are kept for a rollback.
const REVISION_HISTORY: i64 = 10;

/// Deployment.
pub(crate) fn deployment(object: &mut Value) {
    object.fill("spec.replicas", 1);
    object.fill("spec.strategy.type", "RollingUpdate");
    if object.text("spec.strategy.type") == "RollingUpdate" {
        object.fill("spec.strategy.rollingUpdate.maxUnavailable", "25%");
        object.fill("spec.strategy.rollingUpdate.maxSurge", "25%");
    }
    object.fill("spec.revisionHistoryLimit", REVISION_HISTORY);
    object.fill("spec.progressDeadlineSeconds", 600);
    template(object);
    object.fill("status", json!({}));
}

/// ReplicaSet.
pub(crate) fn replica_set(object: &mut Value) {
    object.fill("spec.replicas", 1);
    template(object);
    object.fill("status.replicas", 0);
}

/// DaemonSet.
pub(crate) fn daemon_set(object: &mut Value) {
    object.fill("spec.updateStrategy.type", "RollingUpdate");
    if object.text("spec.updateStrategy.type") == "RollingUpdate" {
        object.fill("spec.updateStrategy.rollingUpdate.maxUnavailable", 1);
        object.fill("spec.updateStrategy.rollingUpdate.maxSurge", 0);
    }
    object.fill("spec.revisionHistoryLimit", REVISION_HISTORY);
    template(object);
    for count in [
        "currentNumberScheduled",
        "numberMisscheduled",
        "desiredNumberScheduled",
        "numberReady",
    ] {
        object.fill(&format!("status.{count}"), 0);
    }
}

/// StatefulSet.
pub(crate) fn stateful_set(object: &mut Value) {
    object.fill("spec.replicas", 1);
    object.fill("spec.podManagementPolicy", "OrderedReady");
    object.fill("spec.updateStrategy.type", "RollingUpdate");
    if object.text("spec.updateStrategy.type") == "RollingUpdate" {
        object.fill("spec.updateStrategy.rollingUpdate.partition", 0);
        object.fill("spec.updateStrategy.rollingUpdate.maxUnavailable", 1);
    }
    object.fill("spec.persistentVolumeClaimRetentionPolicy.whenDeleted", "Retain");
    object.fill("spec.persistentVolumeClaimRetentionPolicy.whenScaled", "Retain");
    object.fill("spec.revisionHistoryLimit", REVISION_HISTORY);
    object.fill("spec.serviceName", "");
    template(object);
    object.fill("status.replicas", 0);
    object.fill("status.availableReplicas", 0);
}

/// ReplicationController: selects what its template makes.
pub(crate) fn replication_controller(object: &mut Value) {
    object.fill("spec.replicas", 1);
    let labels = object.at("spec.template.metadata.labels").clone();
    if labels.is_object() {
        for field in ["spec.selector", "metadata.labels"] {
            if object.entries(field).next().is_none() {
                object.put(field, labels.clone());
            }
        }
    }
    template(object);
    object.fill("status.replicas", 0);
}

/// PodTemplate.
pub(crate) fn pod_template(object: &mut Value) {
    object.fill("template.spec", json!({}));
    if let Some(template) = object.at_mut("template") {
        pod::template(template);
    }
}

/// CronJob.
pub(crate) fn cron_job(object: &mut Value) {
    object.fill("spec.concurrencyPolicy", "Allow");
    object.fill("spec.suspend", false);
    object.fill("spec.successfulJobsHistoryLimit", 3);
    object.fill("spec.failedJobsHistoryLimit", 1);
    object.fill("spec.jobTemplate.spec.template.spec", json!({}));
    if let Some(template) = object.at_mut("spec.jobTemplate.spec.template") {
        pod::template(template);
    }
    object.fill("status", json!({}));
}

/// HorizontalPodAutoscaler of `autoscaling/v2`.
pub(crate) fn autoscaler(object: &mut Value) {
    object.fill("spec.minReplicas", 1);
    if object.list("spec.metrics").is_empty() {
        object.put("spec.metrics", json!([cpu_utilization(80)]));
    }
    if object.has("spec.behavior") {
        let percent = json!({"type": "Percent", "value": 100, "periodSeconds": 15});
        let pods = json!({"type": "Pods", "value": 4, "periodSeconds": 15});
        object.fill("spec.behavior.scaleUp.stabilizationWindowSeconds", 0);
        object.fill("spec.behavior.scaleUp.policies", json!([pods, percent]));
        object.fill("spec.behavior.scaleDown.policies", json!([percent]));
        object.fill("spec.behavior.scaleUp.selectPolicy", "Max");
        object.fill("spec.behavior.scaleDown.selectPolicy", "Max");
    }
    object.fill("status.desiredReplicas", 0);
}

/// HorizontalPodAutoscaler of `autoscaling/v1`.
pub(crate) fn autoscaler_v1(object: &mut Value) {
    object.fill("spec.minReplicas", 1);
    object.fill("status.currentReplicas", 0);
    object.fill("status.desiredReplicas", 0);
}

/// PodDisruptionBudget: nothing is known yet.
pub(crate) fn disruption_budget(object: &mut Value) {
    for count in [
        "currentHealthy",
        "desiredHealthy",
        "disruptionsAllowed",
        "expectedPods",
    ] {
        object.fill(&format!("status.{count}"), 0);
    }
}

/// PriorityClass.
pub(crate) fn priority_class(object: &mut Value) {
    object.fill("value", 0);
    object.fill("preemptionPolicy", "PreemptLowerPriority");
}

/// Job.
pub(crate) fn job(object: &mut Value) {
    if !object.has("spec.completions") && !object.has("spec.parallelism") {
        object.put("spec.completions", 1);
    }
    object.fill("spec.parallelism", 1);
    object.fill("spec.backoffLimit", 6);
    object.fill("spec.completionMode", "NonIndexed");
    object.fill("spec.suspend", false);
    object.fill("spec.manualSelector", false);
    if !object.has("spec.podFailurePolicy") {
        object.fill("spec.podReplacementPolicy", "TerminatingOrFailed");
    }
    template(object);
    object.fill("status", json!({}));
}

/// Job, on create: the selector and the labels that tie its Pods to it.
pub(crate) fn prepare_job(object: &mut Value, old: Option<&Value>) {
    if old.is_some() || object.flag("spec.manualSelector") {
        return;
    }
    let uid = object.text("metadata.uid").to_owned();
    let name = object.text("metadata.name").to_owned();
    object.fill("spec.selector.matchLabels", json!({}));
    object.fill("spec.template.metadata.labels", json!({}));
    if let Some(selected) = object.at_mut("spec.selector.matchLabels") {
        selected["batch.kubernetes.io/controller-uid"] = uid.clone().into();
    }
    if let Some(labels) = object.at_mut("spec.template.metadata.labels") {
        // Kubernetes 1.27 added the names with a domain; the older ones stay for those who select by them.
        for (key, value) in [("controller-uid", uid), ("job-name", name)] {
            labels[key] = value.clone().into();
            labels[format!("batch.kubernetes.io/{key}")] = value.into();
        }
    }
    if object.entries("metadata.labels").next().is_none() {
        let labels = object.at("spec.template.metadata.labels").clone();
        object.put("metadata.labels", labels);
    }
}

fn template(object: &mut Value) {
    object.fill("spec.template.spec", json!({}));
    if let Some(template) = object.at_mut("spec.template") {
        pod::template(template);
    }
}
