//! What the agent of a node has to do: tell which ports its processes listen on, and learn which ports its
//! data plane has to serve.
//!
//! ```no_run
//! # async fn example(client: kinglet_kube::Client, sources: kinglet_servicelb::agent::Sources) {
//! use kinglet_servicelb::{Mode, agent};
//! use tokio_util::sync::CancellationToken;
//!
//! let settings = agent::Settings {
//!     node: "node-1".into(),
//!     mode: Mode::Native,
//!     namespace: "kube-system".to_owned(),
//! };
//! let (served, told) = tokio::sync::watch::channel(None);
//! let mut share = agent::spawn(client, settings, sources, agent::listening, told, CancellationToken::new());
//! while share.changed().await.is_ok() {
//!     let share = share.borrow_and_update().clone();
//!     for (service, ports) in share.iter().flat_map(|share| share.iter()) {
//!         println!("all addresses of the node: {ports:?} of {service}");
//!     }
//!     // Once the kernel has the rules:
//!     served.send_replace(share);
//! }
//! # }
//! ```

mod listening;
mod run;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kinglet_kube::{Client, Collection, Reflector, RequestError, Resource};
use kinglet_model::{Node, ObjectName, Pod, Service};
use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use self::listening::listening;
use crate::names::{ANNOTATION_HOST_PORTS, ANNOTATION_SERVING};
use crate::port::Port;
use crate::report::{HostPorts, is_serving};
use crate::view::Mode;

/// The ports that a node has to serve on all its addresses, by Service.
pub type Share = BTreeMap<ObjectName, BTreeSet<Port>>;

/// Settings of an agent.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Name of the agent's Node.
    pub node: Arc<str>,
    /// As in the [settings of the controller](crate::Settings).
    pub mode: Mode,
    /// As in the settings of the controller.
    pub namespace: String,
}

/// Where objects come from.
#[derive(Clone)]
pub struct Sources {
    /// All Services.
    pub services: Reflector<Service>,
    /// All Nodes.
    pub nodes: Reflector<Node>,
    /// The Pods of the node; more do no harm.
    pub pods: Reflector<Pod>,
}

/// Starts a task that reports listening ports and follows the node's share until `stop` is cancelled; the
/// share is nothing until it is known. `listening` tells the ports; it is called on threads that may block,
/// every two seconds. `served` tells which share the kernel has rules for.
///
/// In mode [`Mode::DaemonSet`] the node reports only as long as Pods have not taken over all that it served
/// natively before. The share is not known before everybody can know that what the kernel has is about to go.
pub fn spawn(
    client: Client,
    settings: Settings,
    sources: Sources,
    listening: impl Fn() -> std::io::Result<HostPorts> + Clone + Send + 'static,
    served: watch::Receiver<Option<Arc<Share>>>,
    stop: CancellationToken,
) -> watch::Receiver<Option<Arc<Share>>> {
    let (sender, share) = watch::channel(None);
    tokio::spawn(async move {
        let agent = run::Agent::new(client, settings, sender, served);
        stop.run_until_cancelled(agent.serve(&sources, listening)).await;
    });
    share
}

/// Takes a node's report back: it serves no load balancers any more.
pub async fn withdraw(client: &Client, node: &str) -> Result<(), RequestError> {
    annotate(client, node, &Report::default()).await
}

/// What the annotations of a node tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Report {
    host_ports: Option<String>,
    serving: bool,
}

impl Report {
    fn of(node: &Node) -> Self {
        Self {
            host_ports: node.metadata.annotation(ANNOTATION_HOST_PORTS).map(str::to_owned),
            serving: is_serving(node),
        }
    }
}

async fn annotate(client: &Client, node: &str, report: &Report) -> Result<(), RequestError> {
    let nodes = Collection::new(client.clone(), Resource::of::<Node>());
    let annotations = json!({
        ANNOTATION_HOST_PORTS: report.host_ports,
        ANNOTATION_SERVING: report.serving.then_some("true"),
    });
    let patch = json!({"metadata": {"annotations": annotations}});
    match nodes.merge(&ObjectName::cluster(node), &patch).await {
        Err(error) if error.is_not_found() => Ok(()),
        result => result,
    }
}
