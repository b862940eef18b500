//! Changes of objects to snapshots.

use kinglet_ingress_providers::{ClusterView, Compiler, Objects, Options};
use kinglet_ingress_proxy::{ProxySnapshot, SharedSnapshot};
use kinglet_kube::{Change, Election, Inputs, Kind, Recorder, Reflectors};
use kinglet_model::{EndpointSlice, Ingress, IngressClass, Node, Object, ObjectName, Secret, Service};
use kinglet_telemetry::Gate;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::leadership::Leadership;
use crate::problems::{ProblemMetrics, ProblemReporter};
use crate::published::{Publication, Published};
use crate::status::{self, WantedStatus};

/// The kinds that the controller watches.
pub const KINDS: &[Kind] = &[
    Kind::of::<Ingress>(),
    Kind::of::<IngressClass>(),
    Kind::of::<Service>(),
    Kind::of::<EndpointSlice>(),
    Kind::of::<Secret>(),
    Kind::of::<Node>(),
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
    pub publication: Publication,
    /// Of all processes with this election one writes statuses and Events; `None` where there is only this one.
    pub election: Option<Election>,
    /// Opened when everything that exists is routed.
    pub gate: Gate,
}

/// Keeps the proxy's configuration up to date.
pub struct IngressController {
    view: ClusterView,
    compiler: Compiler,
    snapshot: SharedSnapshot,
    recorder: Recorder,
    problems: ProblemReporter,
    published: Published,
    election: Option<Election>,
    /// What was compiled last serves these.
    served: Vec<ObjectName>,
    gate: Gate,
}

/// A change of one object.
enum Input {
    Ingress(Change<Ingress>),
    Class(Change<IngressClass>),
    Service(Change<Service>),
    Slice(Change<EndpointSlice>),
    Secret(Change<Secret>),
    Node(Change<Node>),
}

impl IngressController {
    /// A controller that knows no object yet.
    pub fn new(outputs: Outputs) -> Self {
        Self {
            view: ClusterView::default(),
            compiler: Compiler::new(Options::default()),
            snapshot: outputs.snapshot,
            problems: ProblemReporter::new(outputs.recorder.clone(), outputs.metrics),
            recorder: outputs.recorder,
            published: Published::new(outputs.publication),
            election: outputs.election,
            served: Vec::new(),
            gate: outputs.gate,
        }
    }

    /// Follows the cluster until `stop` is cancelled.
    pub async fn run(mut self, reflectors: &Reflectors, stop: &CancellationToken) {
        let mut inputs = Inputs::new();
        inputs.watch(&reflectors.of(), Input::Ingress);
        inputs.watch(&reflectors.of(), Input::Class);
        inputs.watch(&reflectors.of(), Input::Service);
        inputs.watch(&reflectors.of(), Input::Slice);
        inputs.watch(&reflectors.of(), Input::Secret);
        inputs.watch(&reflectors.of(), Input::Node);
        let (wanted, changes) = status::channel();
        let (leadership, recorder) = (Leadership::new(), self.recorder.clone());
        let (leads, election) = (leadership.subscribe(), self.election.take());
        // Side by side: a slow API server that takes no status must not delay routing.
        tokio::join!(
            stop.run_until_cancelled(self.follow(inputs, wanted, leads)),
            leadership.write(reflectors.client().clone(), changes, election, &recorder, stop),
        );
    }

    async fn follow(
        mut self,
        mut inputs: Inputs<Input>,
        wanted: WantedStatus,
        mut leads: watch::Receiver<bool>,
    ) {
        loop {
            let mut is_routing_changed = true;
            tokio::select! {
                // A burst of changes comes as one batch and is compiled once.
                changes = inputs.next() => {
                    // Kubelets write into their Nodes all the time, and no route depends on one.
                    is_routing_changed = !changes.iter().all(|change| matches!(change, Input::Node(_)))
                        || changes.is_empty();
                    changes.into_iter().for_each(|change| self.apply(change));
                }
                // A new leader tells what it has found so far.
                Ok(()) = leads.changed() => {}
            }
            // An Ingress whose Service has not arrived yet would answer 404 and get a warning Event.
            if !inputs.is_synced() {
                continue;
            }
            if is_routing_changed {
                self.publish(*leads.borrow_and_update());
            }
            let published = self.published.addresses(&self.view);
            wanted.set(&published, &self.served, &self.view);
        }
    }

    fn publish(&mut self, leads: bool) {
        let mut compiled = self.compiler.compile(&self.view);
        for unusable in ProxySnapshot::publish(&self.snapshot, &compiled.configuration) {
            compiled.reject_certificate(&unusable.secret, &unusable.error);
        }
        self.gate.open();
        self.problems.report(compiled.problems, &self.view, leads);
        self.served = compiled.served;
    }

    fn apply(&mut self, input: Input) {
        match input {
            Input::Ingress(change) => update(&mut self.view.ingresses, change),
            Input::Class(change) => update(&mut self.view.classes, change),
            Input::Service(change) => update(&mut self.view.services, change),
            Input::Slice(change) => update(&mut self.view.slices, change),
            Input::Secret(change) => update(&mut self.view.secrets, change),
            Input::Node(change) => update(&mut self.published.nodes, change),
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
