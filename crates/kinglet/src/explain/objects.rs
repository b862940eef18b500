//! The objects that decide about connections, of a cluster or of manifests.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use kinglet_config::{ExplainPolicy, PodAddresses};
use kinglet_kube::{Client, Collection, Resource};
use kinglet_model::{ClusterNetworkPolicy, Namespace, NetworkPolicy, Node, Object, ObjectName, Pod, Service};
use kinglet_policy::{Cluster, PodNetworks};
use serde::de::DeserializeOwned;

use super::manifests::Manifests;

/// Policies, and what they select.
#[derive(Default)]
pub(super) struct Objects {
    pub(super) cluster: Cluster,
    pub(super) namespaces: BTreeSet<Arc<str>>,
    pub(super) nodes: Vec<Node>,
    pub(super) services: Vec<Service>,
    /// What is known of pods without an address.
    pub(super) networks: PodNetworks,
}

impl Objects {
    /// Reads what the options name.
    pub(super) async fn read(options: &ExplainPolicy) -> Result<Self> {
        let mut objects = match &options.manifests {
            Some(path) => Self::of(Manifests::read(kinglet_addons::read(path)?)?),
            None => Self::of_cluster(options.kubeconfig.as_deref()).await?,
        };
        if !options.cluster_cidr.is_empty() {
            objects.networks = PodNetworks::of(&options.cluster_cidr);
        }
        for told in &options.pod_ip {
            objects.assign(told)?;
        }
        Ok(objects)
    }

    /// The objects of manifests.
    fn of(manifests: Manifests) -> Self {
        let mut objects = Self {
            nodes: manifests.nodes,
            services: manifests.services,
            ..Self::default()
        };
        objects.apply(
            &manifests.namespaces,
            manifests.pods,
            &manifests.policies,
            &manifests.cluster_policies,
        );
        objects
    }

    /// Lists the objects of a cluster.
    async fn of_cluster(kubeconfig: Option<&Path>) -> Result<Self> {
        let client = kinglet_kube::connect(kubeconfig).await?;
        let mut objects = Self {
            nodes: list(&client).await?,
            services: list(&client).await?,
            ..Self::default()
        };
        // Most clusters do not have the CRD of ClusterNetworkPolicies; listing it would fail there.
        let cluster_policies = match kinglet_kube::served::<ClusterNetworkPolicy>(&client).await? {
            Some(resource) => list_in(&client, resource).await?,
            None => Vec::new(),
        };
        let (namespaces, pods) = (list(&client).await?, list(&client).await?);
        objects.apply(&namespaces, pods, &list(&client).await?, &cluster_policies);
        Ok(objects)
    }

    fn apply(
        &mut self,
        namespaces: &[Namespace],
        pods: Vec<Pod>,
        policies: &[NetworkPolicy],
        cluster_policies: &[ClusterNetworkPolicy],
    ) {
        for namespace in namespaces {
            self.namespaces.insert(namespace.metadata.name.clone());
            self.cluster.apply_namespace(namespace);
        }
        for pod in pods {
            self.cluster.apply_pod(Arc::new(pod));
        }
        for policy in policies {
            self.cluster.apply_policy(policy);
        }
        for policy in cluster_policies {
            self.cluster.apply_cluster_policy(policy);
        }
        for node in &self.nodes {
            self.cluster.apply_node(node);
        }
    }

    /// Gives a pod the addresses that somebody told.
    fn assign(&mut self, told: &PodAddresses) -> Result<()> {
        let name = ObjectName::new(told.namespace.as_str(), told.name.as_str());
        let pod = self
            .cluster
            .pod(&name)
            .with_context(|| format!("--pod-ip {name}: there is no such pod"))?;
        ensure!(
            !pod.host_network,
            "--pod-ip {name}: the pod is on the network of its node and has no address of its own"
        );
        let mut pod = Pod::clone(pod);
        pod.ips.clone_from(&told.addresses);
        self.cluster.apply_pod(Arc::new(pod));
        Ok(())
    }

    /// A namespace that does not exist is an error, unlike one without pods.
    pub(super) fn has_namespace(&self, name: &str) -> Result<()> {
        ensure!(self.namespaces.contains(name), "there is no namespace {name}");
        Ok(())
    }

    pub(super) fn service(&self, name: &ObjectName) -> Option<&Service> {
        self.services
            .iter()
            .find(|service| service.object_name() == *name)
    }

    pub(super) fn addresses_of_node(&self, name: &str) -> Vec<IpAddr> {
        let node = self.nodes.iter().find(|node| &*node.metadata.name == name);
        let addresses = node.into_iter().flat_map(|node| &node.addresses);
        addresses.filter_map(|one| one.address.parse().ok()).collect()
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
