//! The agent's end of the CNI plugin: pods start when their policies are in force.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use kinglet_cni::{Command, Listener, Pods, Records, Request};
use kinglet_kube::{Client, Collection, Reflector, Resource};
use kinglet_model::{ObjectName, Pod};
use kinglet_netpol::{Door, Started};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// Where plugins ask, and who answers.
pub(crate) struct Gate {
    pub(crate) socket: PathBuf,
    pub(crate) client: Client,
    pub(crate) pods: Reflector<Pod>,
    pub(crate) node: Arc<str>,
    /// None where policies are not enforced: then nothing is waited for.
    pub(crate) door: Option<Door>,
}

/// Pods that have started, beside the socket.
fn records(socket: &Path) -> Records {
    Records::at(socket.with_extension("pods"))
}

/// Pods that have started in the time of earlier agents.
pub(crate) fn started(socket: &Path) -> Vec<Started> {
    let requests = records(socket).all().into_iter();
    let started = requests.map(|request| Started {
        name: ObjectName::new(request.namespace, request.name),
        uid: request.uid.into(),
        ips: request.addresses,
    });
    started.collect()
}

/// Answers plugins until `stop` is cancelled.
pub(crate) fn serve(
    gate: Gate,
    stop: CancellationToken,
) -> Result<impl Future<Output = ()> + Send + 'static> {
    let listener = listen(&gate.socket)?;
    Ok(listener.serve(Arc::new(gate), stop))
}

fn listen(socket: &Path) -> Result<Listener> {
    Listener::bind(socket).with_context(|| format!("--cni-socket {}", socket.display()))
}

impl Pods for Gate {
    async fn handle(&self, request: Request) -> Result<(), String> {
        match (request.command, &self.door) {
            (Command::Add, Some(door)) => {
                let pod = self.pod(&request).await?;
                if let Err(error) = records(&self.socket).keep(&request) {
                    warn!(%error, socket = %self.socket.display(), "a restart of the agent would not know of pods that start just now");
                }
                let starting = Pod {
                    ips: request.addresses,
                    node_name: self.node.clone(),
                    ..pod
                };
                door.start(Arc::new(starting))
                    .await
                    .map_err(|closed| closed.to_string())
            }
            // What the API tells of a pod that goes is enough for rules: runtimes repeat this, also when the
            // pod has started anew.
            (Command::Del, _) => {
                records(&self.socket).remove(&request.uid);
                Ok(())
            }
            (Command::Status, _) | (Command::Add, None) => Ok(()),
        }
    }
}

impl Gate {
    /// The pod as it is known, or as the API tells, which may be ahead.
    async fn pod(&self, request: &Request) -> Result<Pod, String> {
        let name = ObjectName::new(request.namespace.as_str(), request.name.as_str());
        let is_same = |pod: &Pod| request.uid.is_empty() || *pod.metadata.uid == *request.uid;
        if let Some(pod) = self.pods.get(&name).filter(|pod| is_same(pod)) {
            return Ok(Pod::clone(&pod));
        }
        let collection = Collection::new(self.client.clone(), Resource::of::<Pod>());
        let pod: Pod = collection
            .get(&name)
            .await
            .map_err(|error| format!("pod {name}: {error}"))?;
        if is_same(&pod) {
            Ok(pod)
        } else {
            Err(format!("pod {name}: the API has another one of that name"))
        }
    }
}
