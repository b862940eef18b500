//! What the agent does for the plugin.

use std::path::Path;
use std::sync::Arc;

use kinglet_kube::{Client, Collection, Reflector, RequestError, Resource};
use kinglet_model::{ObjectName, Pod};
use tracing::warn;

use crate::listener::Handler;
use crate::protocol::{Command, Request};
use crate::records::Records;

/// Puts the network policies of a pod in force.
pub trait Enforcer: Send + Sync + 'static {
    /// Returns when the kernel has the rules for a pod with the addresses that it is given.
    ///
    /// # Errors
    /// Nobody puts rules into the kernel any more.
    fn enforce(&self, pod: Arc<Pod>) -> impl Future<Output = Result<(), NotEnforced>> + Send;
}

/// Nobody puts the rules of network policies into the kernel any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("network policies are not enforced on this node any more; see the log of the Kinglet agent")]
pub struct NotEnforced;

/// Why a pod cannot start. The text is for the pod's Events.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The API server cannot be asked, or does not have the pod.
    #[error("cannot read pod {pod} from the API server: {source}")]
    Api {
        /// The pod.
        pod: ObjectName,
        /// Why.
        source: RequestError,
    },
    /// The pod was replaced while the runtime set it up.
    #[error(
        "pod {pod}: the runtime starts the pod of uid {asked}, but the API server has one of uid {present}"
    )]
    Replaced {
        /// The pod.
        pod: ObjectName,
        /// `metadata.uid` from the runtime.
        asked: String,
        /// `metadata.uid` in the API server.
        present: String,
    },
    /// Its policies are not in force.
    #[error(transparent)]
    NotEnforced(#[from] NotEnforced),
}

/// Lets pods of a node start when their network policies are in force.
pub struct PodStarts<E> {
    /// Pods that have started.
    pub records: Records,
    /// Reads pods that `pods` does not have yet.
    pub client: Client,
    /// The pods of the node.
    pub pods: Reflector<Pod>,
    /// Name of the node.
    pub node: Arc<str>,
    /// None where policies are not enforced: then pods start at once.
    pub enforcer: Option<E>,
}

impl<E: Enforcer> Handler for PodStarts<E> {
    type Error = StartError;

    async fn handle(&self, request: Request) -> Result<(), StartError> {
        match (request.command, &self.enforcer) {
            (Command::Add, Some(enforcer)) => self.start(request, enforcer).await,
            // The watch tells the agent that the pod is gone. Acting here would be wrong: runtimes repeat
            // DEL, also when the pod has started anew.
            (Command::Del, _) => {
                self.records.remove(&request.uid);
                Ok(())
            }
            (Command::Status, _) | (Command::Add, None) => Ok(()),
        }
    }
}

impl<E: Enforcer> PodStarts<E> {
    async fn start(&self, request: Request, enforcer: &E) -> Result<(), StartError> {
        let pod = self.pod(&request).await?;
        // Before the pod may send: an agent that restarts right now must know its addresses.
        if let Err(error) = self.records.keep(&request) {
            warn!(
                %error,
                pod = %pod_name(&request),
                directory = %self.records.directory().display(),
                "cannot record a starting pod: if the agent restarts now, it does not enforce the pod's policies until the API server has its addresses"
            );
        }
        let starting = Pod {
            ips: request.addresses,
            node_name: self.node.clone(),
            ..pod
        };
        Ok(enforcer.enforce(Arc::new(starting)).await?)
    }

    /// The pod from the watch or, if that is behind, from the API server.
    async fn pod(&self, request: &Request) -> Result<Pod, StartError> {
        let name = pod_name(request);
        // A pod of a StatefulSet comes again by the same name; its labels, and so its policies, may differ.
        let is_same = |pod: &Pod| request.uid.is_empty() || *pod.metadata.uid == *request.uid;
        if let Some(pod) = self.pods.get(&name).filter(|pod| is_same(pod)) {
            return Ok(Pod::clone(&pod));
        }
        let collection = Collection::new(self.client.clone(), Resource::of::<Pod>());
        match collection.get::<Pod>(&name).await {
            Ok(pod) if is_same(&pod) => Ok(pod),
            Ok(pod) => Err(StartError::Replaced {
                pod: name,
                asked: request.uid.clone(),
                present: pod.metadata.uid.to_string(),
            }),
            Err(source) => Err(StartError::Api { pod: name, source }),
        }
    }
}

fn pod_name(request: &Request) -> ObjectName {
    ObjectName::new(request.namespace.as_str(), request.name.as_str())
}

/// The records of the agent that listens on a socket: a directory beside it.
pub fn records(socket: &Path) -> Records {
    Records::at(socket.with_extension("pods"))
}
