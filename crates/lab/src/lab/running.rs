//! A running lab.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use kinglet_kube::{Client, Collection, Deletion, Resource};
use kinglet_model::{Node, ObjectName};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::node::LabNode;
use super::remains::Remains;
use super::starter::Starter;
use crate::addressing;
use crate::api::Api;
use crate::control::{self, Request};
use crate::error::LabError;
use crate::network::Router;
use crate::place::Place;
use crate::registry::Entry;
use crate::spawner::Spawner;

/// A running lab. Dropping it ends it and removes everything that it made.
pub struct Lab {
    pub(super) entry: Entry,
    pub(super) api: Api,
    pub(super) router: Router,
    pub(super) nodes: Vec<LabNode>,
    pub(super) client: Place,
    pub(super) families: Vec<addressing::Family>,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
    /// Programs end with it.
    pub(super) spawner: Spawner,
    /// Removes what is left, after everything else has ended.
    pub(super) _remains: Remains,
}

impl Lab {
    /// A client of the lab's API.
    pub fn client(&self) -> &Client {
        &self.api.client
    }

    /// The kubeconfig for clients on the host.
    pub fn kubeconfig(&self) -> &Path {
        &self.api.kubeconfig
    }

    /// The kubeconfig for clients on nodes and in pods.
    pub fn inside_kubeconfig(&self) -> PathBuf {
        self.api.inside.clone()
    }

    /// Where other processes find the lab.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// IP families, the primary one first.
    pub fn families(&self) -> &[addressing::Family] {
        &self.families
    }

    /// The place that `NAMESPACE/POD`, `node:NAME` or `client` means.
    pub fn place(&self, text: &str) -> Result<Place, LabError> {
        self.entry.place(text)
    }

    fn node(&self, name: &str) -> Result<&LabNode, LabError> {
        let found = self.nodes.iter().find(|node| node.kubelet.node().name == name);
        found.ok_or_else(|| LabError::NoSuchPlace(format!("no node {name}")))
    }

    /// Addresses of a node, the primary family first.
    pub fn node_addresses(&self, name: &str) -> Result<&[IpAddr], LabError> {
        Ok(&self.node(name)?.place.description.addresses)
    }

    /// ExternalIPs of a node, the primary family first.
    pub fn external_addresses(&self, name: &str) -> Result<&[IpAddr], LabError> {
        Ok(&self.node(name)?.external)
    }

    /// Cuts a node off: from the other nodes, the client and the API.
    pub async fn partition(&self, node: &str) -> Result<(), LabError> {
        let node = self.node(node)?;
        node.kubelet.node().gate.set(false);
        Ok(self.router.set_connected(node.number, false).await?)
    }

    /// Connects it again.
    pub async fn heal(&self, node: &str) -> Result<(), LabError> {
        let node = self.node(node)?;
        self.router.set_connected(node.number, true).await?;
        node.kubelet.node().gate.set(true);
        Ok(())
    }

    /// Kills a pod's sandbox with all that runs in it. Its node makes a new one, with new addresses.
    pub fn kill(&self, pod: &str) -> Result<(), LabError> {
        let (namespace, name) = pod.split_once('/').unwrap_or(("default", pod));
        let name = ObjectName::new(namespace, name);
        if self.nodes.iter().any(|node| node.kubelet.kill(&name)) {
            Ok(())
        } else {
            Err(LabError::NoSuchPlace(format!("no pod {name} runs in the lab")))
        }
    }

    /// What starts programs in places of the lab; for tasks that outlive a borrow of the lab, but not the
    /// lab.
    pub fn starter(&self) -> Starter {
        Starter {
            spawner: self.spawner.clone(),
        }
    }

    /// Starts a program of this machine in a place. It is killed when the lab ends, or when its handle is
    /// dropped.
    pub async fn spawn(
        &self,
        place: &str,
        command: std::process::Command,
    ) -> Result<tokio::process::Child, LabError> {
        Ok(self.starter().start(command, &self.place(place)?).await?)
    }

    /// Carries out commands of other processes until one of them ends the lab, or `stop` is cancelled.
    pub async fn serve(&self, stop: CancellationToken) -> Result<(), LabError> {
        let path = self.entry.socket();
        let listener = UnixListener::bind(&path).map_err(|source| LabError::file(&path, source))?;
        let handle = |request| {
            let stop = stop.clone();
            async move {
                match request {
                    Request::Partition { node } => self.partition(&node).await,
                    Request::Heal { node } => self.heal(&node).await,
                    Request::Kill { pod } => self.kill(&pod),
                    Request::Down => {
                        stop.cancel();
                        Ok(())
                    }
                }
            }
        };
        control::serve(listener, handle, stop.clone()).await;
        Ok(())
    }

    /// Ends the lab in good order. On a cluster that stays, the lab's Nodes are removed from it.
    pub async fn end(self) {
        if !self.api.is_embedded() {
            self.unregister().await;
        }
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.api.close().await;
    }

    async fn unregister(&self) {
        let nodes = Collection::new(self.api.client.clone(), Resource::of::<Node>());
        for node in &self.nodes {
            let name = ObjectName::cluster(node.kubelet.node().name.as_str());
            if let Err(error) = nodes.delete(&name, &Deletion::default()).await {
                tracing::warn!(node = %name, %error, "cannot remove the Node from the cluster");
            }
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
