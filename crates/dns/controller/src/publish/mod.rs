//! Publishes this server as an endpoint of the cluster DNS, the Service `kube-system/kube-dns`.
//!
//! Each server keeps an EndpointSlice of its own for each family of the Service, named by its endpoint: what
//! others delete or change comes back, and a server that ends takes them away. Beside each stands a Lease of
//! the same name, which the server renews; the living remove the slices of the dead. The Service is the same
//! from each server. Where it selects Pods, it and their slices are left to others, and those of servers are
//! removed.

mod lease;
mod objects;
mod own;
mod reconciler;
mod settings;

use std::time::Duration;

use kinglet_kube::{Inputs, Kind, Recorder, Reflectors, Source, control};
use kinglet_model::{EndpointSlice, Service};
use kinglet_telemetry::Gate;
use tokio_util::sync::CancellationToken;

use self::reconciler::{Input, Publisher};
pub use self::settings::PublishSettings;

/// The kinds that publishing watches.
pub const PUBLISH_KINDS: &[Kind] = &[Kind::of::<Service>(), Kind::of::<EndpointSlice>()];

/// How long an API server may take to withdraw an endpoint, before the process ends without.
const FAREWELL: Duration = Duration::from_secs(2);

/// Publishes until `stop` is cancelled, then withdraws the endpoints. Opens `gate` once the server is an
/// endpoint in each family of the Service that it has, or Pods are; what an API server refuses is logged,
/// reported on the Service, and tried again.
pub async fn publish(
    reflectors: &Reflectors,
    settings: PublishSettings,
    gate: Gate,
    stop: &CancellationToken,
) {
    let client = reflectors.client();
    let instance = settings.instance.clone();
    let recorder = Recorder::spawn(client.clone(), objects::MANAGER, instance, stop.clone());
    let publisher = Publisher::new(client, settings.clone(), gate.clone(), recorder.clone());
    let changes = Changes::new(reflectors);
    // Both outcomes are an end in good order.
    let _ = stop.run_until_cancelled(control(publisher, changes, || ())).await;
    let farewell = Publisher::new(client, settings, gate, recorder);
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
