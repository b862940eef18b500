//! What a Pod of a StatefulSet is called and carries.

use serde_json::{Value, json};

use super::super::objects::{Owner, Pod, StatefulSet};
use super::super::template::{self, LABEL_REVISION_HASH};

/// Label of a Pod: its own name, so that a Service can select it alone.
const LABEL_POD_NAME: &str = "statefulset.kubernetes.io/pod-name";
/// Label of a Pod: its ordinal.
const LABEL_INDEX: &str = "apps.kubernetes.io/pod-index";

/// The revision of the present template.
pub(super) fn revision(set: &StatefulSet) -> String {
    format!("{}-{}", set.metadata.name, template::hash(&set.template, 0))
}

/// The ordinal of a Pod, if its name is one of the set's.
pub(super) fn ordinal(set: &StatefulSet, pod: &Pod) -> Option<i32> {
    let rest = pod.metadata.name.strip_prefix(&*set.metadata.name)?;
    rest.strip_prefix('-')?.parse().ok()
}

/// Whether a Pod has the present template.
pub(super) fn is_present(pod: &Pod, revision: &str) -> bool {
    pod.metadata.label(LABEL_REVISION_HASH) == Some(revision)
}

/// A new Pod.
pub(super) fn pod(set: &StatefulSet, ordinal: i32) -> Value {
    let name = format!("{}-{ordinal}", set.metadata.name);
    let labels = [
        (LABEL_POD_NAME, name.clone()),
        (LABEL_INDEX, ordinal.to_string()),
        (LABEL_REVISION_HASH, revision(set)),
    ];
    let labelled = labels
        .iter()
        .fold((*set.template).clone(), |template, (key, value)| {
            template::labelled(&template, key, value)
        });
    let owner = Owner::reference::<StatefulSet>(&set.metadata);
    let mut pod = template::pod(&labelled, &set.metadata.name, owner);
    pod["metadata"]["name"] = name.as_str().into();
    // With the subdomain it makes the Pod's own DNS name below its Service.
    pod["spec"]["hostname"] = name.as_str().into();
    if !set.service_name.is_empty() {
        pod["spec"]["subdomain"] = (&*set.service_name).into();
    }
    mount_claims(&mut pod["spec"], set, &name);
    pod
}

/// Every claim template is a volume of the Pod with a claim of its own; it takes the place of one of the same
/// name.
fn mount_claims(spec: &mut Value, set: &StatefulSet, pod: &str) {
    if set.claims.is_empty() {
        return;
    }
    let mut volumes = spec["volumes"].as_array().cloned().unwrap_or_default();
    volumes.retain(|volume| !set.claims.iter().any(|claim| volume["name"] == **claim));
    volumes.extend(set.claims.iter().map(|claim| {
        let source = json!({"claimName": format!("{claim}-{pod}")});
        json!({"name": claim, "persistentVolumeClaim": source})
    }));
    spec["volumes"] = volumes.into();
}
