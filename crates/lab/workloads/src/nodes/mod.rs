//! Nodes and the Pods on them: nodes that fall silent become unreachable, taints follow conditions, taints
//! evict, and Pods of nodes that are gone go, too.
//!
//! In: Nodes, their Leases and Pods. [`state`] notes the last sign of life of each node; [`plan`] is the pure
//! rule for a node, with [`taints`] and [`evict`]. Out: writes, retried per node.

mod evict;
mod plan;
mod state;
mod taints;
mod write;

use std::sync::Arc;
use std::time::Duration;

use kinglet_kube::{Change, Inputs, Next, Reconciler, Recorder, Reflectors, RequestError};

use self::plan::NodePlan;
use self::state::State;
use self::write::Writer;
use super::objects::{Lease, Node, Pod};

/// Name of the controller in Events.
pub(super) const COMPONENT: &str = "node-controller";

/// Writes what the state of nodes calls for; keys are the names of nodes.
pub(super) struct Controller {
    writer: Writer,
    state: State,
}

/// A change of a watched object.
pub(super) enum Input {
    Node(Change<Node>),
    Lease(Change<Lease>),
    Pod(Change<Pod>),
}

/// The controller, and what it watches.
pub(super) fn controller(
    reflectors: &Reflectors,
    recorder: Recorder,
    grace: Duration,
) -> (Controller, Inputs<Input>) {
    let mut inputs = Inputs::new();
    inputs.watch(&reflectors.of(), Input::Node);
    inputs.watch(&reflectors.of(), Input::Lease);
    inputs.watch(&reflectors.of(), Input::Pod);
    let controller = Controller {
        writer: Writer::new(reflectors.client(), recorder),
        state: State::new(grace),
    };
    (controller, inputs)
}

impl Reconciler for Controller {
    type Change = Input;
    type Key = Arc<str>;
    type Plan = NodePlan;
    type Error = RequestError;

    const FAILED: &'static str = "cannot write the state of a Node or of its Pods";

    fn observe(&mut self, change: Input) -> Vec<Arc<str>> {
        match change {
            Input::Node(change) => vec![self.state.node(change)],
            Input::Lease(change) => {
                // It makes nothing due: the look for the next silence is waiting already.
                self.state.lease(change);
                Vec::new()
            }
            Input::Pod(change) => self.state.pod(change),
        }
    }

    fn plan(&mut self, due: Vec<Arc<str>>) -> Vec<(Arc<str>, NodePlan)> {
        let plans = due.into_iter().map(|name| {
            let plan = self.state.plan(&name);
            (name, plan)
        });
        plans.collect()
    }

    async fn apply(&self, _: &Arc<str>, plan: &mut NodePlan) -> Result<Next, RequestError> {
        self.writer.apply(plan).await?;
        Ok(Next::after(plan.again))
    }

    fn settle(&mut self, _: &Arc<str>, plan: NodePlan, result: &Result<Next, RequestError>) {
        if result.is_ok() {
            self.state.done(&plan);
        }
    }
}
