//! ClusterIPs and NodePorts on the lab's nodes: what a kube-proxy does on others.

use std::sync::Arc;

use kinglet_dataplane_agent::{Kernel, Outputs, ServicesAgent, Sources};
use kinglet_kube::{Client, Reflectors};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::links::{LinkError, NFTABLES, open_in};
use crate::network::NodeNetwork;
use crate::settings::LabSettings;

/// Serves Services on all nodes.
pub(crate) struct ServiceProxy {
    sources: Sources,
    settings: LabSettings,
}

impl ServiceProxy {
    pub(crate) fn new(client: &Client, settings: &LabSettings, stop: &CancellationToken) -> Self {
        Self {
            sources: Sources::of(&Reflectors::new(client.clone(), stop.clone())),
            settings: settings.clone(),
        }
    }

    /// Starts serving on a node. The answer is cancelled when everything that exists is served.
    pub(crate) fn serve(
        &self,
        node: &str,
        network: &NodeNetwork,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> Result<CancellationToken, LinkError> {
        let kernel = open_in(&network.namespace, NFTABLES, Kernel::open)?;
        let settings = kinglet_dataplane::DataplaneSettings {
            node: node.into(),
            cluster_cidrs: self.settings.cluster_cidrs.clone(),
            ..kinglet_dataplane::DataplaneSettings::default()
        };
        let agent = ServicesAgent {
            kernel,
            settings,
            sources: self.sources.clone(),
            outputs: Outputs::default(),
        };
        let stop = stop.clone();
        let (synced, node): (CancellationToken, Arc<str>) = (CancellationToken::new(), node.into());
        let told = synced.clone();
        tasks.spawn(async move {
            if let Err(error) = agent.run(move || told.cancel(), stop).await {
                tracing::error!(%node, %error, "the Services agent of the node has stopped");
            }
        });
        Ok(synced)
    }
}
