//! The history of a Deployment: what its ReplicaSets carry, the name of a new one, and which old ones are not
//! kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::super::objects::{Deployment, Owner, ReplicaSet};
use super::super::template::{self, LABEL_TEMPLATE_HASH};
use super::sets::Sets;

/// Annotation of a Deployment and its ReplicaSets: the number of the revision.
pub(super) const ANNOTATION_REVISION: &str = "deployment.kubernetes.io/revision";
/// Annotation of a ReplicaSet: earlier numbers of a revision that was rolled back to.
const ANNOTATION_HISTORY: &str = "deployment.kubernetes.io/revision-history";
/// Annotations of a Deployment that tell of itself alone.
const NOT_COPIED: &[&str] = &[
    ANNOTATION_REVISION,
    ANNOTATION_HISTORY,
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to",
];

/// Annotations of a ReplicaSet.
pub(super) type Annotations = BTreeMap<Box<str>, Box<str>>;

fn revision(set: &ReplicaSet) -> i64 {
    let text = set.metadata.annotation(ANNOTATION_REVISION);
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The number of the present revision: one more than any old one has.
fn current(sets: &Sets) -> i64 {
    sets.old.iter().map(|set| revision(set)).max().unwrap_or(0) + 1
}

/// The number that the Deployment carries: that of its new ReplicaSet.
pub(super) fn of_deployment(sets: &Sets) -> String {
    let new = sets.new.as_ref().map_or(0, |set| revision(set));
    new.max(current(sets)).to_string()
}

/// The annotations that the new ReplicaSet should have: the Deployment's, and its revision.
pub(super) fn annotations(deployment: &Deployment, sets: &Sets) -> Annotations {
    let own = deployment.metadata.annotations.iter();
    let mut wanted: Annotations = own
        .filter(|(key, _)| !NOT_COPIED.contains(&&***key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    wanted.insert(ANNOTATION_REVISION.into(), of_deployment(sets).into());
    if let Some(set) = &sets.new
        && (1..current(sets)).contains(&revision(set))
    {
        let earlier = set.metadata.annotation(ANNOTATION_HISTORY);
        let last = revision(set);
        let history = earlier.map_or_else(|| last.to_string(), |all| format!("{all},{last}"));
        wanted.insert(ANNOTATION_HISTORY.into(), history.into());
    }
    wanted
}

/// A new ReplicaSet of a size.
pub(super) fn new_set(deployment: &Deployment, sets: &Sets, size: i32) -> Value {
    let meta = &deployment.metadata;
    let hash = template::hash(&deployment.template, deployment.status.collision_count);
    let template = template::labelled(&deployment.template, LABEL_TEMPLATE_HASH, &hash);
    let mut selector = (*deployment.selector_object).clone();
    selector["matchLabels"][LABEL_TEMPLATE_HASH] = hash.as_str().into();
    json!({
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": format!("{}-{hash}", meta.name),
            "namespace": &*meta.namespace,
            "labels": template::labels(&template),
            "annotations": annotations(deployment, sets),
            "ownerReferences": [Owner::reference::<Deployment>(meta)],
        },
        "spec": {
            "replicas": size,
            "minReadySeconds": deployment.min_ready_seconds,
            "selector": selector,
            "template": template,
        },
    })
}

/// Old ReplicaSets beyond the limit of the history, the earliest revisions first; those that still have Pods
/// stay.
pub(super) fn beyond_history_limit(deployment: &Deployment, sets: &Sets) -> Vec<Arc<ReplicaSet>> {
    let Some(limit) = deployment.revision_history_limit else {
        return Vec::new();
    };
    let alive = sets
        .old
        .iter()
        .filter(|set| set.metadata.deletion_timestamp.is_none());
    let mut alive: Vec<Arc<ReplicaSet>> = alive.cloned().collect();
    alive.sort_by_key(|set| revision(set));
    alive.truncate(alive.len().saturating_sub(limit));
    alive.retain(|set| set.replicas == 0 && set.status.replicas == 0 && set.is_observed());
    alive
}
