//! Ingresses and what they name to routes; problems to Events; addresses to status.

mod problems;
mod status;

use kinglet_ingress_providers::{ClusterView, Compiler, Objects, Options};
use kinglet_ingress_proxy::{ProxySnapshot, SharedSnapshot};
use kinglet_kube::{Client, Delta, Recorder};
use kinglet_model::{EndpointSlice, Ingress, IngressClass, LoadBalancerIngress, Object, Secret, Service};
use kinglet_telemetry::Gate;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

pub(crate) use self::problems::ProblemMetrics;
use self::problems::Problems;
use self::status::StatusWriter;
use super::Watched;

/// Field manager and event source.
pub(crate) const COMPONENT: &str = "kinglet-ingress";

/// Where the shell sends what it computes.
pub(crate) struct Outputs {
    /// What the proxy serves.
    pub(crate) snapshot: SharedSnapshot,
    /// Events.
    pub(crate) recorder: Recorder,
    /// Counts of problems.
    pub(crate) metrics: ProblemMetrics,
    /// Writes status.
    pub(crate) client: Client,
    /// Addresses under which Ingresses are reachable.
    pub(crate) published: Vec<LoadBalancerIngress>,
    /// Opened when everything that exists is routed.
    pub(crate) gate: Gate,
}

/// Keeps the proxy's configuration up to date, forever.
pub(crate) async fn run(watched: Watched, outputs: Outputs, stop: CancellationToken) {
    let mut compiler = Compiler::new(Options::default());
    let mut problems = Problems::new(outputs.recorder, outputs.metrics);
    let status = StatusWriter::spawn(outputs.client, outputs.published, stop);
    let mut changes = Changes::subscribe(&watched);
    while changes.next().await {
        if changes.unsynced > 0 {
            continue;
        }
        let mut compiled = compiler.compile(&changes.view);
        for unusable in ProxySnapshot::publish(&outputs.snapshot, &compiled.configuration) {
            compiled.reject_certificate(&unusable.secret, &unusable.error);
        }
        outputs.gate.open();
        problems.report(compiled.problems, &changes.view);
        status.update(&compiled.served, &changes.view);
    }
}

struct Changes {
    ingresses: UnboundedReceiver<Delta<Ingress>>,
    classes: UnboundedReceiver<Delta<IngressClass>>,
    services: UnboundedReceiver<Delta<Service>>,
    slices: UnboundedReceiver<Delta<EndpointSlice>>,
    secrets: UnboundedReceiver<Delta<Secret>>,
    view: ClusterView,
    /// Kinds whose first list has not arrived. Until then nothing is routed: an Ingress without its Service
    /// would answer 404.
    unsynced: usize,
}

impl Changes {
    fn subscribe(watched: &Watched) -> Self {
        Self {
            ingresses: watched.ingresses.subscribe(),
            classes: watched.classes.subscribe(),
            services: watched.services.subscribe(),
            slices: watched.slices.subscribe(),
            secrets: watched.secrets.subscribe(),
            view: ClusterView::default(),
            unsynced: 5,
        }
    }

    /// Waits for a change and takes all others that are there already, so that a burst is compiled once.
    /// `false` when the sources are gone.
    async fn next(&mut self) -> bool {
        let Self {
            ingresses,
            classes,
            services,
            slices,
            secrets,
            view,
            unsynced,
        } = self;
        let more = tokio::select! {
            delta = ingresses.recv() => delta.map(|delta| update(&mut view.ingresses, delta, unsynced)).is_some(),
            delta = classes.recv() => delta.map(|delta| update(&mut view.classes, delta, unsynced)).is_some(),
            delta = services.recv() => delta.map(|delta| update(&mut view.services, delta, unsynced)).is_some(),
            delta = slices.recv() => delta.map(|delta| update(&mut view.slices, delta, unsynced)).is_some(),
            delta = secrets.recv() => delta.map(|delta| update(&mut view.secrets, delta, unsynced)).is_some(),
        };
        drain(ingresses, &mut view.ingresses, unsynced);
        drain(classes, &mut view.classes, unsynced);
        drain(services, &mut view.services, unsynced);
        drain(slices, &mut view.slices, unsynced);
        drain(secrets, &mut view.secrets, unsynced);
        more
    }
}

fn drain<K: Object>(
    source: &mut UnboundedReceiver<Delta<K>>,
    objects: &mut Objects<K>,
    unsynced: &mut usize,
) {
    while let Ok(delta) = source.try_recv() {
        update(objects, delta, unsynced);
    }
}

fn update<K: Object>(objects: &mut Objects<K>, delta: Delta<K>, unsynced: &mut usize) {
    match delta {
        Delta::Applied(object) => {
            objects.insert(object.object_name(), object);
        }
        Delta::Deleted(object) => {
            objects.remove(&object.object_name());
        }
        Delta::Synced => *unsynced = unsynced.saturating_sub(1),
    }
}
