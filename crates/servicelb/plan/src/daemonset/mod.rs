//! The DaemonSet of a Service, for [`Mode::DaemonSet`](crate::Mode): its Pods take the Service's ports on
//! their nodes and forward them, with [`pod`](crate::pod) as their program. Names, labels and fields are
//! those of K3s.

mod object;
mod template;

use kinglet_model::Service;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub use self::object::DaemonSet;
use crate::names::{ANNOTATION_HASH, LABEL_ENABLE, LABEL_NODE_SELECTOR};
use crate::problem::Problem;
use crate::settings::PodSettings;

/// Longest part of a Service's name in the name of its DaemonSet.
const LONGEST: usize = 48;

/// The name of the DaemonSet of a Service.
pub(crate) fn name(service: &Service) -> String {
    let name: &str = &service.metadata.name;
    let name = match name.get(..LONGEST) {
        Some(cut) if name.len() > LONGEST => cut.trim_end_matches('-'),
        _ => name,
    };
    let uid: String = service.metadata.uid.chars().take(8).collect();
    format!("svclb-{name}-{uid}")
}

/// The DaemonSet that a Service should have. `listed`: nodes are listed by their label.
pub(crate) fn wanted(
    service: &Service,
    namespace: &str,
    pods: &PodSettings,
    listed: bool,
) -> Result<Value, Problem> {
    let name = name(service);
    let selector = if listed {
        json!({LABEL_ENABLE: "true"})
    } else {
        Value::Null
    };
    let mut set = json!({
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": namespace, "labels": template::references(service)},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
            "template": template::of(service, &name, pods, selector)?,
        },
    });
    set["metadata"]["labels"][LABEL_NODE_SELECTOR] = listed.to_string().into();
    // Of the DaemonSet as it is sent: the API server adds defaults, which later versions change.
    let hash = hash(&set);
    set["metadata"]["annotations"] = json!({ANNOTATION_HASH: hash});
    Ok(set)
}

fn hash(set: &Value) -> String {
    let digest = Sha256::digest(set.to_string());
    digest
        .iter()
        .take(8)
        .map(|octet| format!("{octet:02x}"))
        .collect()
}

#[cfg(test)]
mod tests;
