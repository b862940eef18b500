//! The objects of manifests, as if they were in a cluster.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use kinglet_model::{ClusterNetworkPolicy, Namespace, NetworkPolicy, Node, Pod, Service};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The objects of manifests that matter to policies.
#[derive(Default)]
pub(super) struct Manifests {
    pub(super) namespaces: Vec<Namespace>,
    pub(super) pods: Vec<Pod>,
    pub(super) services: Vec<Service>,
    pub(super) nodes: Vec<Node>,
    pub(super) policies: Vec<NetworkPolicy>,
    pub(super) cluster_policies: Vec<ClusterNetworkPolicy>,
}

impl Manifests {
    /// Reads objects. A workload counts as one pod with its name. A namespace that is only mentioned has no
    /// labels but its name.
    pub(super) fn read(objects: Vec<Value>) -> Result<Self> {
        let (mut manifests, mut mentioned) = (Self::default(), BTreeSet::new());
        for mut object in objects {
            let kind = text(&object, "kind");
            match kind.as_str() {
                "Namespace" => manifests.namespaces.push(decoded(object)?),
                "ClusterNetworkPolicy" => manifests.cluster_policies.push(decoded(object)?),
                "Node" => manifests.nodes.push(decoded(object)?),
                _ => {
                    // As kubectl does with an object that names no namespace.
                    if text(&object["metadata"], "namespace").is_empty() {
                        object["metadata"]["namespace"] = "default".into();
                    }
                    let namespace = text(&object["metadata"], "namespace");
                    if manifests.take(&kind, object)? {
                        mentioned.insert(namespace);
                    }
                }
            }
        }
        // Without its namespace, no `namespaceSelector` would match a pod.
        for namespace in &manifests.namespaces {
            mentioned.remove(&*namespace.metadata.name);
        }
        for name in mentioned {
            manifests
                .namespaces
                .push(decoded(json!({"metadata": {"name": name}}))?);
        }
        Ok(manifests)
    }

    /// Takes an object that is in a namespace; whether it matters.
    fn take(&mut self, kind: &str, object: Value) -> Result<bool> {
        match kind {
            "NetworkPolicy" => self.policies.push(decoded(object)?),
            "Service" => self.services.push(decoded(object)?),
            // With what its status says: addresses, and whether it has finished.
            "Pod" => self.pods.push(decoded(object)?),
            _ => {
                let Some(pod) = created(kind, &object) else {
                    return Ok(false);
                };
                self.pods.push(decoded(pod)?);
            }
        }
        Ok(true)
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

/// The pod that a workload would create.
fn created(kind: &str, object: &Value) -> Option<Value> {
    let metadata = &object["metadata"];
    let template = match kind {
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "ReplicationController" | "Job" => {
            &object["spec"]["template"]
        }
        "CronJob" => &object["spec"]["jobTemplate"]["spec"]["template"],
        _ => return None,
    };
    let mut pod = json!({
        "kind": "Pod",
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"]},
    });
    if let Some(labels) = template["metadata"].get("labels") {
        pod["metadata"]["labels"] = labels.clone();
    }
    if let Some(spec) = template.get("spec") {
        pod["spec"] = spec.clone();
    }
    Some(pod)
}
