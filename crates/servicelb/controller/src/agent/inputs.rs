//! What the agent watches.

use kinglet_kube::{Change, Inputs, Kind, Reflectors};
use kinglet_model::{Node, Pod, Service};
use kinglet_servicelb_plan::{Affected, View};
use kinglet_telemetry::Lag;

/// The kinds that the agent watches.
pub const KINDS: &[Kind] = &[Kind::of::<Service>(), Kind::of::<Node>(), Kind::of::<Pod>()];

/// A change of a watched kind.
pub(super) enum Input {
    Service(Change<Service>),
    Node(Change<Node>),
    Pod(Change<Pod>),
}

/// All changes of [`KINDS`].
pub(super) fn inputs(reflectors: &Reflectors, lag: Lag) -> Inputs<Input> {
    let mut inputs = Inputs::measured(lag);
    inputs.watch(&reflectors.of(), Input::Service);
    inputs.watch(&reflectors.of(), Input::Node);
    inputs.watch(&reflectors.of(), Input::Pod);
    inputs
}

impl Input {
    /// Takes the change in; what it can make a difference to.
    pub(super) fn take(self, view: &mut View) -> Affected {
        match self {
            Self::Service(change) => view.service(&change.name(), change.now()),
            Self::Node(change) => view.node(&change.name(), change.now()),
            Self::Pod(change) => view.pod(&change.name(), change.now()),
        }
    }
}
