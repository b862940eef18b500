//! What the controller watches.

use kinglet_kube::{Change, Inputs, Kind, Reflectors};
use kinglet_model::{EndpointSlice, Node, Pod, Service};
use kinglet_servicelb_plan::{Affected, DaemonSet, DaemonSets, View};

/// The kinds that the controller watches.
pub const KINDS: &[Kind] = &[
    Kind::of::<Service>(),
    Kind::of::<Node>(),
    Kind::of::<EndpointSlice>(),
    Kind::of::<Pod>(),
    Kind::of::<DaemonSet>(),
];

/// A change of a watched kind.
pub(super) enum Input {
    Service(Change<Service>),
    Node(Change<Node>),
    Slice(Change<EndpointSlice>),
    Pod(Change<Pod>),
    DaemonSet(Change<DaemonSet>),
}

/// All changes of [`KINDS`].
pub(super) fn inputs(reflectors: &Reflectors) -> Inputs<Input> {
    let mut inputs = Inputs::new();
    inputs.watch(&reflectors.of(), Input::Service);
    inputs.watch(&reflectors.of(), Input::Node);
    inputs.watch(&reflectors.of(), Input::Slice);
    inputs.watch(&reflectors.of(), Input::Pod);
    inputs.watch(&reflectors.of(), Input::DaemonSet);
    inputs
}

impl Input {
    /// Takes the change in; what it can make a difference to, if anything.
    pub(super) fn take(self, view: &mut View, sets: &mut DaemonSets) -> Option<Affected> {
        let affected = match self {
            Self::DaemonSet(change) => return take_set(change, view, sets),
            Self::Service(change) => view.service(&change.name(), change.now()),
            Self::Node(change) => view.node(&change.name(), change.now()),
            Self::Slice(change) => view.slice(&change.name(), change.now()),
            Self::Pod(change) => view.pod(&change.name(), change.now()),
        };
        (!affected.is_empty()).then_some(affected)
    }
}

/// Takes in DaemonSets of the load balancers' own namespace: elsewhere their labels mean nothing.
fn take_set(change: Change<DaemonSet>, view: &View, sets: &mut DaemonSets) -> Option<Affected> {
    let name = change.name();
    let ours = |set: &DaemonSet| set.is_load_balancer() && view.is_own_namespace(&name.namespace);
    let now = change.now().filter(|set| ours(set));
    let before = match now.clone() {
        Some(set) => sets.insert(name, set),
        None => sets.remove(&name),
    };
    // One that names no Service is an orphan: it concerns none, and is to be deleted.
    let known = before.is_some() || now.is_some();
    let services = before.iter().chain(&now).filter_map(|set| set.service());
    known.then(|| services.collect())
}
