//! What the controller watches.

use kinglet_kube::{Change, Inputs, Kind, Reflectors};
use kinglet_model::{EndpointSlice, Node, Pod, Service};
use kinglet_servicelb_plan::{DaemonSet, DaemonSets, View};

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
    /// Takes the change in; whether it can make a difference.
    pub(super) fn take(self, view: &mut View, sets: &mut DaemonSets) -> bool {
        match self {
            Self::Service(change) => view.service(&change.name(), change.now()),
            Self::Node(change) => view.node(&change.name(), change.now()),
            Self::Slice(change) => view.slice(&change.name(), change.now()),
            Self::Pod(change) => view.pod(&change.name(), change.now()),
            Self::DaemonSet(change) => take_set(change, view, sets),
        }
    }
}

/// Takes in DaemonSets of the load balancers' own namespace: elsewhere their labels mean nothing.
fn take_set(change: Change<DaemonSet>, view: &View, sets: &mut DaemonSets) -> bool {
    let name = change.name();
    let ours = |set: &DaemonSet| set.is_load_balancer() && view.is_own_namespace(&name.namespace);
    match change.now().filter(|set| ours(set)) {
        Some(set) => {
            sets.insert(name, set);
            true
        }
        None => sets.remove(&name).is_some(),
    }
}
