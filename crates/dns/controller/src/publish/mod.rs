//! Publishes this server as an endpoint of the cluster DNS, the Service `kube-system/kube-dns`.
//!
//! Each server keeps an EndpointSlice of its own, named by its endpoint: what others delete or change comes
//! back, and a server that ends takes it away. Beside it stands a Lease of the same name, which the server
//! renews; the living remove the slices of the dead. The Service is the same from each server. Where it selects
//! Pods, it and their slices are left to others, and those of servers are removed.

mod lease;
mod objects;
mod reconciler;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use kinglet_kube::{Inputs, Kind, Reflectors, Source, control};
use kinglet_model::{EndpointSlice, Service};
use kinglet_telemetry::Gate;
use tokio_util::sync::CancellationToken;

use self::reconciler::{Input, Publisher};

/// The kinds that publishing watches.
pub const PUBLISH_KINDS: &[Kind] = &[Kind::of::<Service>(), Kind::of::<EndpointSlice>()];

/// How long an API server may take to withdraw an endpoint, before the process ends without.
const FAREWELL: Duration = Duration::from_secs(2);

/// What a server publishes.
#[derive(Clone, Debug)]
pub struct PublishSettings {
    /// ClusterIP of the Service.
    pub cluster_address: IpAddr,
    /// Where the cluster reaches this server.
    pub endpoint: SocketAddr,
    /// Name of this process, for people who read its Lease.
    pub instance: String,
    /// How long a server that is not heard of counts as alive. `None` where this is the only server: what others
    /// left is removed at once.
    pub lifetime: Option<Duration>,
    /// How often a server is heard of; several times within a lifetime.
    pub renewal: Duration,
}

impl PublishSettings {
    /// For one of several servers.
    pub fn new(cluster_address: IpAddr, endpoint: SocketAddr, instance: String) -> Self {
        Self {
            cluster_address,
            endpoint,
            instance,
            lifetime: Some(Duration::from_secs(15)),
            renewal: Duration::from_secs(5),
        }
    }
}

/// Publishes until `stop` is cancelled, then withdraws the endpoint. Opens `gate` once the server is an endpoint,
/// or Pods are; what an API server refuses is logged, and tried again.
pub async fn publish(
    reflectors: &Reflectors,
    settings: PublishSettings,
    gate: Gate,
    stop: &CancellationToken,
) {
    let client = reflectors.client();
    let publisher = Publisher::new(client, settings.clone(), gate.clone());
    let changes = Changes::new(reflectors);
    // Both outcomes are an end in good order.
    let _ = stop.run_until_cancelled(control(publisher, changes, || ())).await;
    let farewell = Publisher::new(client, settings, gate);
    let _ = tokio::time::timeout(FAREWELL, farewell.withdraw()).await;
}

/// Changes of Services and slices, after the news that the publisher runs: in an empty cluster there would be
/// none.
struct Changes {
    inputs: Inputs<Input>,
    has_started: bool,
}

impl Changes {
    fn new(reflectors: &Reflectors) -> Self {
        let mut inputs = Inputs::new();
        inputs.watch(&reflectors.of(), Input::Service);
        inputs.watch(&reflectors.of(), Input::Slice);
        Self {
            inputs,
            has_started: false,
        }
    }
}

impl Source for Changes {
    type Change = Input;

    async fn next(&mut self) -> Vec<Input> {
        if !std::mem::replace(&mut self.has_started, true) {
            return vec![Input::Started];
        }
        self.inputs.next().await
    }

    fn is_synced(&self) -> bool {
        self.inputs.is_synced()
    }
}
