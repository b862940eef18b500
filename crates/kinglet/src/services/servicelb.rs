//! ServiceLB: options to settings, for the controller in servers and for the agents of nodes.

use std::path::Path;
use std::sync::Arc;

use kinglet_config::{ServiceLbMode, ServiceLbOptions, ServiceLbServerOptions};
use kinglet_dataplane::Shares;
use kinglet_kube::Reflectors;
use kinglet_servicelb::Duty;
use kinglet_servicelb::agent::{self, AgentSettings, LocalHost, Metrics};
use kinglet_servicelb_plan::{Mode, ServiceLbSettings};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::host::{STATE, hostname};

fn mode(options: &ServiceLbOptions) -> Mode {
    match options.servicelb_mode {
        ServiceLbMode::Native => Mode::Native,
        ServiceLbMode::Daemonset => Mode::DaemonSet,
    }
}

/// Of all servers the one that leads runs the controller or, where ServiceLB is disabled, removes what it
/// left.
pub(crate) fn lead(
    reflectors: Reflectors,
    options: &ServiceLbServerOptions,
    duty: Duty,
    stop: CancellationToken,
) -> impl Future<Output = ()> + Send + 'static {
    let mut settings = ServiceLbSettings {
        namespace: options.common.servicelb_namespace.clone(),
        mode: mode(&options.common),
        instance: hostname(),
        ..ServiceLbSettings::default()
    };
    if let Some(image) = &options.servicelb_image {
        settings.pods.image.clone_from(image);
    }
    async move { kinglet_servicelb::lead(reflectors, settings, duty, Path::new(STATE), stop).await }
}

/// Says who gets packets in a mode in which that is not plain.
pub(crate) fn tell_mode(options: &ServiceLbOptions) {
    if mode(options) == Mode::DaemonSet {
        info!(
            "with --servicelb-mode=daemonset this agent serves the addresses in the status of Services itself; the svclb Pods of this node hold the ports, and see no packets to these addresses"
        );
    }
}

/// Starts the agent's part; answers what the data plane has to serve. `served` is what the data plane has put
/// into the kernel.
pub(crate) fn share(
    reflectors: &Reflectors,
    options: &ServiceLbOptions,
    node: Arc<str>,
    served: watch::Receiver<Option<Arc<Shares>>>,
    metrics: &Metrics,
    stop: &CancellationToken,
) -> watch::Receiver<Option<Arc<Shares>>> {
    let settings = AgentSettings {
        node,
        mode: mode(options),
        namespace: options.servicelb_namespace.clone(),
    };
    let host = LocalHost { state: STATE.into() };
    agent::spawn(reflectors, settings, host, served, metrics, stop.clone())
}
