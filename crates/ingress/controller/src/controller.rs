//! Changes of objects to snapshots.

use kinglet_ingress_providers::{ClusterView, Compiler, Objects, Options};
use kinglet_ingress_proxy::{ProxySnapshot, SharedSnapshot};
use kinglet_kube::{Change, Inputs, Kind, Recorder, Reflectors, control};
use kinglet_model::{EndpointSlice, Ingress, IngressClass, LoadBalancerIngress, Object, Secret, Service};
use kinglet_telemetry::Gate;

use crate::problems::{ProblemMetrics, ProblemReporter};
use crate::status::{self, StatusWriter, WantedStatus};

/// The kinds that the controller watches.
pub const KINDS: &[Kind] = &[
    Kind::of::<Ingress>(),
    Kind::of::<IngressClass>(),
    Kind::of::<Service>(),
    Kind::of::<EndpointSlice>(),
    Kind::of::<Secret>(),
];

/// Where the controller sends what it computes.
pub struct Outputs {
    /// What the proxy serves.
    pub snapshot: SharedSnapshot,
    /// Writes Events.
    pub recorder: Recorder,
    /// Counts problems.
    pub metrics: ProblemMetrics,
    /// Addresses under which Ingresses are reachable.
    pub published: Vec<LoadBalancerIngress>,
    /// Opened when everything that exists is routed.
    pub gate: Gate,
}

/// Keeps the proxy's configuration up to date.
pub struct IngressController {
    view: ClusterView,
    compiler: Compiler,
    snapshot: SharedSnapshot,
    problems: ProblemReporter,
    published: Vec<LoadBalancerIngress>,
    gate: Gate,
}

/// A change of one object.
enum Input {
    Ingress(Change<Ingress>),
    Class(Change<IngressClass>),
    Service(Change<Service>),
    Slice(Change<EndpointSlice>),
    Secret(Change<Secret>),
}

impl IngressController {
    /// A controller that knows no object yet.
    pub fn new(outputs: Outputs) -> Self {
        Self {
            view: ClusterView::default(),
            compiler: Compiler::new(Options::default()),
            snapshot: outputs.snapshot,
            problems: ProblemReporter::new(outputs.recorder, outputs.metrics),
            published: outputs.published,
            gate: outputs.gate,
        }
    }

    /// Follows the cluster for ever.
    pub async fn run(self, reflectors: &Reflectors) {
        let mut inputs = Inputs::new();
        inputs.watch(&reflectors.of(), Input::Ingress);
        inputs.watch(&reflectors.of(), Input::Class);
        inputs.watch(&reflectors.of(), Input::Service);
        inputs.watch(&reflectors.of(), Input::Slice);
        inputs.watch(&reflectors.of(), Input::Secret);
        let (wanted, changes) = status::channel();
        let writer = StatusWriter::new(reflectors.client().clone());
        // Side by side: a slow API server that takes no status must not delay routing.
        tokio::join!(self.follow(inputs, wanted), control(writer, changes, || ()));
    }

    async fn follow(mut self, mut inputs: Inputs<Input>, wanted: WantedStatus) {
        loop {
            // A burst of changes comes as one batch and is compiled once.
            for input in inputs.next().await {
                self.apply(input);
            }
            // An Ingress whose Service has not arrived yet would answer 404 and get a warning Event.
            if inputs.is_synced() {
                self.publish(&wanted);
            }
        }
    }

    fn publish(&mut self, wanted: &WantedStatus) {
        let mut compiled = self.compiler.compile(&self.view);
        for unusable in ProxySnapshot::publish(&self.snapshot, &compiled.configuration) {
            compiled.reject_certificate(&unusable.secret, &unusable.error);
        }
        self.gate.open();
        self.problems.report(compiled.problems, &self.view);
        wanted.set(&self.published, &compiled.served, &self.view);
    }

    fn apply(&mut self, input: Input) {
        match input {
            Input::Ingress(change) => update(&mut self.view.ingresses, change),
            Input::Class(change) => update(&mut self.view.classes, change),
            Input::Service(change) => update(&mut self.view.services, change),
            Input::Slice(change) => update(&mut self.view.slices, change),
            Input::Secret(change) => update(&mut self.view.secrets, change),
        }
    }
}

fn update<K: Object>(objects: &mut Objects<K>, change: Change<K>) {
    let name = change.name();
    match change.now() {
        Some(object) => objects.insert(name, object),
        None => objects.remove(&name),
    };
}
