//! The objects that decide about connections, as a cluster has them.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use kinglet_kube::{Client, Collection, Resource};
use kinglet_model::{ClusterNetworkPolicy, Namespace, NetworkPolicy, Node, Object, Pod, Service};
use kinglet_policy::Cluster;
use serde::de::DeserializeOwned;

/// Policies, and what they select.
#[derive(Default)]
pub(super) struct Objects {
    pub(super) cluster: Cluster,
    pub(super) nodes: Vec<Node>,
    pub(super) services: Vec<Service>,
}

impl Objects {
    /// Lists the objects of a cluster.
    pub(super) async fn of_cluster(kubeconfig: Option<&Path>) -> Result<Self> {
        let client = kinglet_kube::connect(kubeconfig).await?;
        let mut objects = Self {
            nodes: list(&client).await?,
            services: list(&client).await?,
            ..Self::default()
        };
        for namespace in list::<Namespace>(&client).await? {
            objects.cluster.apply_namespace(&namespace);
        }
        for pod in list::<Pod>(&client).await? {
            objects.cluster.apply_pod(Arc::new(pod));
        }
        for policy in list::<NetworkPolicy>(&client).await? {
            objects.cluster.apply_policy(&policy);
        }
        // Most clusters do not have the CRD of ClusterNetworkPolicies; listing it would fail there.
        if let Some(resource) = kinglet_kube::served::<ClusterNetworkPolicy>(&client).await? {
            for policy in list_in::<ClusterNetworkPolicy>(&client, resource).await? {
                objects.cluster.apply_cluster_policy(&policy);
            }
        }
        for node in &objects.nodes {
            objects.cluster.apply_node(node);
        }
        Ok(objects)
    }
}

async fn list<K: Object + DeserializeOwned>(client: &Client) -> Result<Vec<K>> {
    list_in(client, Resource::of::<K>()).await
}

async fn list_in<K: Object + DeserializeOwned>(client: &Client, resource: Resource) -> Result<Vec<K>> {
    let collection = Collection::new(client.clone(), resource);
    let listed = collection.list("").await;
    listed.with_context(|| format!("cannot list {}", K::PLURAL))
}
