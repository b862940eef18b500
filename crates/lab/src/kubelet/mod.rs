//! A small kubelet: an ordinary client of the Kubernetes API that runs the Pods of one node as network
//! namespaces, and a server that tells of them.

mod cni;
mod console;
mod container;
mod containers;
mod context;
mod environment;
mod health;
mod limits;
mod log;
mod naming;
mod node;
mod output;
mod pod;
mod pods;
mod probe;
mod program;
mod publisher;
mod sandbox;
mod server;
mod spec;
mod state;
mod status;
mod terminal;
mod variables;
mod workload;

use std::sync::Arc;

use kinglet_kube::{Change, Inputs, Reflector};
use kinglet_model::ObjectName;
use tokio_util::sync::CancellationToken;

pub(crate) use self::cni::Plugin;
pub(crate) use self::context::{Cluster, Gate, NodeContext};
pub use self::log::read as logs;
pub(crate) use self::node::{COMPONENT, Registration};
use self::pods::Pods;
pub(crate) use self::server::{ListenError, PORT, Server};
pub(crate) use self::spec::Pod;

/// The kubelet of one node.
#[derive(Clone)]
pub(crate) struct Kubelet {
    context: Arc<NodeContext>,
    pods: Pods,
    registered: CancellationToken,
}

impl Kubelet {
    pub(crate) fn new(context: NodeContext) -> Self {
        let context = Arc::new(context);
        Self {
            pods: Pods::new(context.clone()),
            context,
            registered: CancellationToken::new(),
        }
    }

    /// The node.
    pub(crate) fn node(&self) -> &NodeContext {
        &self.context
    }

    /// Waits until the node has registered.
    pub(crate) async fn registered(&self) {
        self.registered.cancelled().await;
    }

    /// Opens its server on the node, for clients with this bearer token.
    pub(crate) fn listen(&self, token: &str) -> Result<Server, ListenError> {
        Server::bind(self.context.clone(), self.pods.clone(), token)
    }

    /// Registers the node, then runs its pods until `stop` is cancelled. Pods end at once then.
    pub(crate) async fn run(self, registration: Registration, pods: Reflector<Pod>, stop: CancellationToken) {
        let work = async {
            node::register(&self.context, &registration).await;
            self.registered.cancel();
            tokio::join!(
                node::keep_alive(self.context.clone(), registration),
                self.follow(pods)
            );
        };
        let _ = stop.run_until_cancelled(work).await;
        // Pods of a lab that ends get no grace period: nobody is left to balance away from them.
        self.pods.end().await;
    }

    async fn follow(&self, pods: Reflector<Pod>) {
        let mut changes = Inputs::new();
        changes.watch(&pods, |change| change);
        loop {
            for change in changes.next().await {
                // A partitioned node does not hear of changes: they wait here until it is connected again.
                self.context.gate.passed().await;
                match change {
                    Change::Applied(pod) if *pod.spec.node_name == *self.context.name => {
                        self.pods.applied(pod);
                    }
                    Change::Applied(_) => {}
                    Change::Deleted(pod) => self.pods.gone(&pod.metadata.uid),
                }
            }
        }
    }

    /// Kills a pod's sandbox with all that runs in it; it starts again in a new one. `false` when the pod is
    /// not here.
    pub(crate) fn kill(&self, pod: &ObjectName) -> bool {
        self.pods.kill(pod)
    }
}
