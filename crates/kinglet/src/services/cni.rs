//! The agent's end of the CNI plugin: pods start when their policies are in force.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use kinglet_cni::{Enforcer, Listener, NotEnforced, PodStarts, records};
use kinglet_kube::{Client, Reflector};
use kinglet_model::{ObjectName, Pod};
use kinglet_netpol::{PodAdmission, StartedPod};
use tokio_util::sync::CancellationToken;

/// What the plugin's side needs of the node's agent.
pub(crate) struct CniParts {
    pub(crate) socket: PathBuf,
    pub(crate) client: Client,
    pub(crate) pods: Reflector<Pod>,
    pub(crate) node: Arc<str>,
    /// None where policies are not enforced: then pods start at once.
    pub(crate) admission: Option<PodAdmission>,
}

struct Policies(PodAdmission);

impl Enforcer for Policies {
    async fn enforce(&self, pod: Arc<Pod>) -> Result<(), NotEnforced> {
        self.0.admit(pod).await.map_err(|_| NotEnforced)
    }
}

/// Pods that earlier runs of the agent let start.
pub(crate) fn started(socket: &Path) -> Vec<StartedPod> {
    let requests = records(socket).all().into_iter();
    let started = requests.map(|request| StartedPod {
        name: ObjectName::new(request.namespace, request.name),
        uid: request.uid.into(),
        ips: request.addresses,
    });
    started.collect()
}

/// Answers plugins until `stop` is cancelled.
pub(crate) fn serve(
    parts: CniParts,
    stop: CancellationToken,
) -> Result<impl Future<Output = ()> + Send + 'static> {
    let listener =
        Listener::bind(&parts.socket).with_context(|| format!("--cni-socket {}", parts.socket.display()))?;
    let handler = PodStarts {
        records: records(&parts.socket),
        client: parts.client,
        pods: parts.pods,
        node: parts.node,
        enforcer: parts.admission.map(Policies),
    };
    Ok(listener.serve(Arc::new(handler), stop))
}
