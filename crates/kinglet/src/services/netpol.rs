//! Network policy on a node.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use ipnet::IpNet;
use kinglet_config::{LagOptions, PolicyDenial};
use kinglet_kube::{Recorder, Reflectors};
use kinglet_netpol::{
    AdmissionRequests, DeniedPackets, Kernel, Metrics, Outputs, PolicyAgent, Sources, StartedPod, denial_line,
};
use kinglet_policy::{Deny, PolicySettings};
use kinglet_telemetry::{Readiness, Registry};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::health;

/// Event source.
const COMPONENT: &str = "kinglet-network-policy";

/// What network policy needs of the node's agent.
pub(crate) struct Part {
    pub(crate) node: Arc<str>,
    pub(crate) cluster_cidrs: Vec<IpNet>,
    /// Pods that are about to start.
    pub(crate) requests: AdmissionRequests,
    /// What is done with packets that NetworkPolicies do not allow.
    pub(crate) deny: PolicyDenial,
    /// How often the kernel's rules are compared with what they should be, if they are.
    pub(crate) period: Option<Duration>,
    /// For how long the API may be silent until comparisons do not count.
    pub(crate) max_watch_age: Option<Duration>,
    /// How far enforcement may be behind.
    pub(crate) lag: LagOptions,
    /// Pods that have started before.
    pub(crate) started: Vec<StartedPod>,
}

/// Enforces policies until `stop` is cancelled; the part `network-policy` is ready while it does, and the
/// part `network-policy lag` while it is not behind.
pub(crate) fn enforce(
    reflectors: &Reflectors,
    part: Part,
    registry: &mut Registry,
    readiness: &Readiness,
    stop: CancellationToken,
) -> Result<impl Future<Output = ()> + Send + 'static> {
    let kernel = Kernel::open().context("cannot open nftables")?;
    let metrics = Metrics::default();
    metrics.register(registry);
    health::follow("network-policy lag", metrics.lag(), &part.lag, readiness);
    let gate = readiness.gate("network-policy");
    let ended = gate.clone();
    let client = reflectors.client().clone();
    let agent = PolicyAgent {
        kernel,
        sources: Sources::of(reflectors),
        admission: Some(part.requests),
        started: part.started,
        outputs: Outputs {
            recorder: Recorder::spawn(client, COMPONENT, part.node.to_string(), stop.clone()),
            metrics,
            enforcing: Box::new(move |enforcing| gate.set(enforcing)),
            denied: denied(&part.node),
        },
        settings: PolicySettings {
            node: part.node,
            cluster_cidrs: part.cluster_cidrs,
            deny: match part.deny {
                PolicyDenial::Reject => Deny::Reject,
                PolicyDenial::Drop => Deny::Drop,
            },
            ..PolicySettings::default()
        },
        comparison_period: part.period,
        max_watch_age: part.max_watch_age,
    };
    Ok(async move {
        if let Err(error) = agent.run(stop).await {
            error!(%error, "the network policy agent has stopped: rules stay as they are, and changes of policies and pods have no effect");
            ended.set(false);
        }
    })
}

/// Denied packets become lines on standard output, unless another program receives them.
fn denied(node: &Arc<str>) -> Option<DeniedPackets> {
    let (group, node) = (PolicySettings::default().log_group?, node.clone());
    let opened = DeniedPackets::open(group, move |denial| {
        let line = denial_line(&node, &jiff::Timestamp::now().to_string(), denial);
        // Without a reader nobody is told.
        let _ = std::io::stdout().lock().write_all(line.as_bytes());
    });
    opened
        .inspect_err(|error| warn!(%error, "denied packets are counted, but not logged: does another program receive NFLOG group {group}?"))
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
