//! The objects that policies are about, from a cluster or from manifests.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use kinglet_kube::{Client, Collection, Resource};
use kinglet_model::{ClusterNetworkPolicy, Namespace, NetworkPolicy, Node, Object, Pod, Service};
use kinglet_policy::Cluster;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::stand_in;

/// What is known.
#[derive(Default)]
pub(super) struct Known {
    pub(super) cluster: Cluster,
    pub(super) nodes: Vec<Node>,
    pub(super) services: Vec<Service>,
}

impl Known {
    /// What a cluster has now.
    pub(super) async fn of_cluster(kubeconfig: Option<&Path>) -> Result<Self> {
        let client = kinglet_kube::connect(kubeconfig).await?;
        let mut known = Self {
            nodes: list(&client).await?,
            services: list(&client).await?,
            ..Self::default()
        };
        for namespace in list::<Namespace>(&client).await? {
            known.cluster.apply_namespace(&namespace);
        }
        for pod in list::<Pod>(&client).await? {
            known.cluster.apply_pod(Arc::new(pod));
        }
        for policy in list::<NetworkPolicy>(&client).await? {
            known.cluster.apply_policy(&policy);
        }
        if kinglet_kube::is_served(&client, &Resource::of::<ClusterNetworkPolicy>()).await? {
            for policy in list::<ClusterNetworkPolicy>(&client).await? {
                known.cluster.apply_cluster_policy(&policy);
            }
        }
        for node in &known.nodes {
            known.cluster.apply_node(node);
        }
        Ok(known)
    }

    /// What manifests would make: a workload counts as one pod of its name. Namespaces that are only
    /// mentioned have no labels but their name.
    pub(super) fn of_manifests(objects: Vec<Value>) -> Result<Self> {
        let mut known = Self::default();
        let (mut mentioned, mut pods) = (BTreeSet::new(), 0);
        for mut object in objects {
            let kind = text(&object, "kind");
            if ["Namespace", "ClusterNetworkPolicy", "Node"].contains(&kind.as_str()) {
                known.take_of_cluster(&kind, object)?;
                continue;
            }
            if text(&object["metadata"], "namespace").is_empty() {
                object["metadata"]["namespace"] = "default".into();
            }
            let namespace = text(&object["metadata"], "namespace");
            match kind.as_str() {
                "NetworkPolicy" => _ = known.cluster.apply_policy(&decoded(object)?),
                "Service" => known.services.push(decoded(object)?),
                _ => {
                    let Some(pod) = pod(&kind, &object, pods) else {
                        continue;
                    };
                    pods += 1;
                    known.cluster.apply_pod(Arc::new(decoded(pod)?));
                }
            }
            mentioned.insert(namespace);
        }
        for name in mentioned {
            if !known.cluster.has_namespace(&name) {
                known
                    .cluster
                    .apply_namespace(&decoded(json!({"metadata": {"name": name}}))?);
            }
        }
        Ok(known)
    }

    /// Takes an object of a kind without namespaces.
    fn take_of_cluster(&mut self, kind: &str, object: Value) -> Result<()> {
        match kind {
            "Namespace" => self.cluster.apply_namespace(&decoded(object)?),
            "ClusterNetworkPolicy" => _ = self.cluster.apply_cluster_policy(&decoded(object)?),
            _ => _ = self.cluster.apply_node(&decoded(object)?),
        }
        Ok(())
    }
}

async fn list<K: Object + DeserializeOwned>(client: &Client) -> Result<Vec<K>> {
    let collection = Collection::new(client.clone(), Resource::of::<K>());
    let listed = collection.list("").await;
    listed.with_context(|| format!("cannot list {}", K::PLURAL))
}

/// An empty text if it is not there.
fn text(object: &Value, field: &str) -> String {
    object[field].as_str().unwrap_or_default().to_owned()
}

fn decoded<T: DeserializeOwned>(object: Value) -> Result<T> {
    let (kind, name) = (text(&object, "kind"), text(&object["metadata"], "name"));
    serde_json::from_value(object).with_context(|| format!("{kind} {name}"))
}

/// The pod that an object is or would make, with an address that stands for the one that it will get.
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
        "status": {"phase": "Running", "podIP": stand_in::address(number).to_string()},
    });
    if let Some(labels) = template["metadata"].get("labels") {
        pod["metadata"]["labels"] = labels.clone();
    }
    if let Some(spec) = template.get("spec") {
        pod["spec"] = spec.clone();
    }
    Some(pod)
}
