//! What all pods of a node share, and what one pod's tasks share.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine;
use kinglet_kube::{Client, Collection, ObjectReference, Recorder, Report, RequestError, Resource, Severity};
use kinglet_model::ObjectName;
use serde::Deserialize;
use tokio::sync::watch;

use crate::network::NodeNetwork;
use crate::place::Place;
use crate::spawner::Spawner;

use super::cni::Plugin;
use super::console::Consoles;
use super::spec::{Data, Pod};
use super::state::Shared;

/// A node, as its pods see it.
pub(crate) struct NodeContext {
    pub(crate) lab: String,
    pub(crate) name: String,
    pub(crate) network: NodeNetwork,
    pub(crate) client: Client,
    pub(crate) recorder: Recorder,
    pub(crate) spawner: Spawner,
    /// The lab's directory.
    pub(crate) directory: PathBuf,
    pub(crate) cluster: Cluster,
    pub(crate) gate: Gate,
    /// Lets pods start, if there is one.
    pub(crate) plugin: Option<Plugin>,
}

/// What pods learn of the cluster.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cluster {
    /// Addresses of the cluster DNS.
    pub(crate) dns: Vec<IpAddr>,
    /// Domain of cluster names.
    pub(crate) domain: String,
    /// Variables of every container.
    pub(crate) variables: Vec<(String, String)>,
}

/// Whether the node reaches the API server: a partitioned node neither hears nor is heard.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    open: watch::Sender<bool>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self {
            open: watch::Sender::new(true),
        }
    }

    pub(crate) fn set(&self, open: bool) {
        self.open.send_replace(open);
    }

    pub(crate) fn is_open(&self) -> bool {
        *self.open.borrow()
    }

    /// Sees every change.
    pub(crate) fn watch(&self) -> watch::Receiver<bool> {
        self.open.subscribe()
    }

    /// Waits until the API server can be reached.
    pub(crate) async fn passed(&self) {
        // The sender is in our hands: waiting cannot fail.
        let _ = self.open.subscribe().wait_for(|open| *open).await;
    }
}

impl NodeContext {
    /// Tells something of a pod by an Event.
    pub(crate) fn report(&self, pod: &Pod, severity: Severity, reason: &'static str, note: String) {
        if !self.gate.is_open() {
            return;
        }
        self.recorder.report(Report {
            regarding: ObjectReference::of::<Pod>(&pod.metadata),
            severity,
            reason,
            action: reason,
            note,
        });
    }

    /// Data of the ConfigMaps or Secrets of a namespace that exist.
    pub(crate) async fn data(
        &self,
        kind: DataKind,
        namespace: &str,
        names: &[&str],
    ) -> Result<BTreeMap<String, Data>, RequestError> {
        let collection = Collection::new(self.client.clone(), kind.resource());
        let mut all = BTreeMap::new();
        for name in names {
            match collection.get::<Holder>(&ObjectName::new(namespace, *name)).await {
                Ok(holder) => {
                    all.insert((*name).to_owned(), kind.texts(holder.data));
                }
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }
}

/// Kinds that hold data for environments.
#[derive(Clone, Copy, Debug)]
pub(crate) enum DataKind {
    ConfigMap,
    Secret,
}

#[derive(Deserialize)]
struct Holder {
    #[serde(default)]
    data: BTreeMap<String, String>,
}

impl DataKind {
    fn resource(self) -> Resource {
        let (kind, plural) = match self {
            Self::ConfigMap => ("ConfigMap", "configmaps"),
            Self::Secret => ("Secret", "secrets"),
        };
        Resource {
            group: "".into(),
            version: "v1".into(),
            kind: kind.into(),
            plural: plural.into(),
            namespaced: true,
            verbs: Arc::default(),
        }
    }

    /// Values of Secrets are base64; what is not text has no place in an environment.
    fn texts(self, data: Data) -> Data {
        match self {
            Self::ConfigMap => data,
            Self::Secret => data
                .into_iter()
                .filter_map(|(key, value)| {
                    let bytes = base64::engine::general_purpose::STANDARD.decode(value).ok()?;
                    Some((key, String::from_utf8(bytes).ok()?))
                })
                .collect(),
        }
    }
}

/// What the tasks of one pod in one sandbox share.
#[derive(Clone)]
pub(crate) struct PodContext {
    pub(crate) node: Arc<NodeContext>,
    pub(crate) pod: Arc<Pod>,
    pub(crate) place: Place,
    pub(crate) state: Shared,
    /// The containers that run.
    pub(crate) consoles: Consoles,
}
