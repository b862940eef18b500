//! Network policy on a node.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use ipnet::IpNet;
use kinglet_kube::{Client, Recorder, Reflector};
use kinglet_model::{Node, Pod};
use kinglet_netpol::{Asks, Denied, Kernel, Metrics, Outside, Sources, Started, run};
use kinglet_policy::Settings;
use kinglet_telemetry::{Readiness, Registry};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::denied;

/// Event source.
const COMPONENT: &str = "kinglet-network-policy";

/// What network policy needs of the node's agent.
pub(crate) struct Part {
    pub(crate) node: Arc<str>,
    pub(crate) cluster_cidrs: Vec<IpNet>,
    pub(crate) pods: Reflector<Pod>,
    pub(crate) nodes: Reflector<Node>,
    /// Pods that are about to start.
    pub(crate) asks: Asks,
    /// How often the kernel's rules are compared with what they should be, if they are.
    pub(crate) period: Option<Duration>,
    /// Pods that have started before.
    pub(crate) started: Vec<Started>,
}

/// Enforces policies until `stop` is cancelled; the part `network-policy` is ready while it does.
pub(crate) fn enforce(
    client: &Client,
    part: Part,
    registry: &mut Registry,
    readiness: &Readiness,
    stop: CancellationToken,
) -> Result<impl Future<Output = ()> + Send + 'static> {
    let kernel = Kernel::open().context("cannot open nftables")?;
    let metrics = Metrics::default();
    metrics.register(registry);
    let gate = readiness.gate("network-policy");
    let ended = gate.clone();
    let outside = Outside {
        recorder: Recorder::spawn(client.clone(), COMPONENT, part.node.to_string(), stop.clone()),
        metrics,
        enforcing: Box::new(move |enforcing| gate.set(enforcing)),
        denied: denied(&part.node),
        asks: Some(part.asks),
        started: part.started,
    };
    let sources = Sources {
        pods: part.pods,
        namespaces: Reflector::spawn(client.clone(), stop.clone()),
        policies: Reflector::spawn(client.clone(), stop.clone()),
        cluster_policies: Reflector::spawn_optional(client.clone(), stop.clone()),
        nodes: part.nodes,
    };
    let settings = Settings {
        node: part.node,
        cluster_cidrs: part.cluster_cidrs,
        ..Settings::default()
    };
    Ok(async move {
        if let Err(error) = run(kernel, settings, sources, outside, part.period, stop).await {
            error!(%error, "network policies are no longer followed");
            ended.set(false);
        }
    })
}

/// Denied packets become lines on standard output, unless another program receives them.
fn denied(node: &Arc<str>) -> Option<Denied> {
    let (group, node) = (Settings::default().log_group?, node.clone());
    let opened = Denied::open(group, move |denial| denied::write(&node, denial));
    opened
        .inspect_err(|error| warn!(%error, "denied packets are counted, but not told: does another program receive NFLOG group {group}?"))
        .ok()
}

/// Removes what enforced policies before they were disabled.
pub(crate) fn remove() -> Result<()> {
    let mut kernel = Kernel::open().context("cannot open nftables")?;
    let removed = kernel
        .remove()
        .context("cannot remove the rules of network policies")?;
    if !removed.is_empty() {
        info!(
            removed = removed.join(", "),
            "network policy is disabled; its rules are removed"
        );
    }
    Ok(())
}
