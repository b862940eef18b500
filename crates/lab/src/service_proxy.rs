//! ClusterIPs and NodePorts on the lab's nodes: what a kube-proxy does on others.

use std::sync::Arc;

use kinglet_dataplane::agent::{self, Kernel, Metrics, Sources};
use kinglet_kube::{Client, Reflector};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::links::{LinkError, NFTABLES, open_in};
use crate::network::NodeNetwork;
use crate::settings::Settings;

/// Serves Services on all nodes.
pub(crate) struct ServiceProxy {
    sources: Sources,
    settings: Settings,
}

impl ServiceProxy {
    pub(crate) fn new(client: &Client, settings: &Settings, stop: &CancellationToken) -> Self {
        let sources = Sources {
            services: Reflector::spawn(client.clone(), stop.clone()),
            slices: Reflector::spawn(client.clone(), stop.clone()),
            nodes: Reflector::spawn(client.clone(), stop.clone()),
            shares: None,
            served: None,
            health: None,
            metrics: Metrics::default(),
        };
        Self {
            sources,
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
        let settings = kinglet_dataplane::Settings {
            node: node.into(),
            cluster_cidrs: self.settings.cluster_cidrs.clone(),
            ..kinglet_dataplane::Settings::default()
        };
        let (sources, stop) = (self.sources.clone(), stop.clone());
        let (synced, node): (CancellationToken, Arc<str>) = (CancellationToken::new(), node.into());
        let told = synced.clone();
        tasks.spawn(async move {
            let served = agent::run(kernel, settings, &sources, move || told.cancel(), stop).await;
            if let Err(error) = served {
                tracing::error!(%node, %error, "Services are not served");
            }
        });
        Ok(synced)
    }
}
