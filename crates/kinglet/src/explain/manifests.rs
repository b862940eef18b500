//! The objects of manifests, as if they were in a cluster.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::objects::Objects;
use super::placeholder;

impl Objects {
    /// The objects of manifests. A workload counts as one pod with its name. A namespace that is only
    /// mentioned has no labels but its name.
    pub(super) fn of_manifests(manifests: Vec<Value>) -> Result<Self> {
        let mut objects = Self::default();
        let (mut mentioned, mut pods) = (BTreeSet::new(), 0);
        for mut object in manifests {
            let kind = text(&object, "kind");
            if ["Namespace", "ClusterNetworkPolicy", "Node"].contains(&kind.as_str()) {
                objects.apply_of_cluster(&kind, object)?;
                continue;
            }
            // As kubectl does with an object that names no namespace.
            if text(&object["metadata"], "namespace").is_empty() {
                object["metadata"]["namespace"] = "default".into();
            }
            let namespace = text(&object["metadata"], "namespace");
            match kind.as_str() {
                "NetworkPolicy" => _ = objects.cluster.apply_policy(&decoded(object)?),
                "Service" => objects.services.push(decoded(object)?),
                _ => {
                    let Some(pod) = pod(&kind, &object, pods) else {
                        continue;
                    };
                    pods += 1;
                    objects.cluster.apply_pod(Arc::new(decoded(pod)?));
                }
            }
            mentioned.insert(namespace);
        }
        // Without its namespace, no `namespaceSelector` would match a pod.
        for name in mentioned {
            if !objects.cluster.has_namespace(&name) {
                objects
                    .cluster
                    .apply_namespace(&decoded(json!({"metadata": {"name": name}}))?);
            }
        }
        Ok(objects)
    }

    /// Applies an object of a kind without namespaces.
    fn apply_of_cluster(&mut self, kind: &str, object: Value) -> Result<()> {
        match kind {
            "Namespace" => self.cluster.apply_namespace(&decoded(object)?),
            "ClusterNetworkPolicy" => _ = self.cluster.apply_cluster_policy(&decoded(object)?),
            _ => _ = self.cluster.apply_node(&decoded(object)?),
        }
        Ok(())
    }
}

/// An empty text if it is not there.
fn text(object: &Value, field: &str) -> String {
    object[field].as_str().unwrap_or_default().to_owned()
}

fn decoded<T: DeserializeOwned>(object: Value) -> Result<T> {
    let (kind, name) = (text(&object, "kind"), text(&object["metadata"], "name"));
    serde_json::from_value(object).with_context(|| format!("{kind} {name}"))
}

/// The pod that an object is or would create, with a placeholder for the address that it will get.
fn pod(kind: &str, object: &Value, number: u32) -> Option<Value> {
    let metadata = &object["metadata"];
    let template = match kind {
        "Pod" => object,
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "ReplicationController" | "Job" => {
            &object["spec"]["template"]
        }
        "CronJob" => &object["spec"]["jobTemplate"]["spec"]["template"],
        _ => return None,
    };
    let mut pod = json!({
        "kind": "Pod",
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"]},
        "status": {"phase": "Running", "podIP": placeholder::address(number).to_string()},
    });
    if let Some(labels) = template["metadata"].get("labels") {
        pod["metadata"]["labels"] = labels.clone();
    }
    if let Some(spec) = template.get("spec") {
        pod["spec"] = spec.clone();
    }
    Some(pod)
}
