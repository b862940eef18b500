//! Deployments: from one Pod template to the next without a gap.
//!
//! In: Deployments and ReplicaSets. [`mod@plan`] is the pure rule and takes one step at a time: [`sets`]
//! tells the new ReplicaSet from old ones, [`rolling`] computes sizes, [`revision`] numbers and tidies,
//! [`status`] tells how far it is. Out: [`mod@write`]s, retried per Deployment.

mod plan;
mod revision;
mod rolling;
mod sets;
mod status;
mod write;

use std::sync::Arc;

use jiff::Timestamp;
use kinglet_kube::{Change, Inputs, Next, Reconciler, Recorder, Reflectors, RequestError};
use kinglet_model::{ObjectName, Selector};

use self::plan::{DeploymentPlan, plan};
pub(super) use self::write::COMPONENT;
use self::write::Writer;
use super::objects::{Deployment, ReplicaSet};
use super::owners::{Owners, Selecting};

/// Writes the ReplicaSets of Deployments.
pub(super) struct Controller {
    writer: Writer,
    state: Owners<Deployment, ReplicaSet>,
}

/// A change of a watched object.
pub(super) enum Input {
    Deployment(Change<Deployment>),
    ReplicaSet(Change<ReplicaSet>),
}

/// The controller, and what it watches.
pub(super) fn controller(reflectors: &Reflectors, recorder: Recorder) -> (Controller, Inputs<Input>) {
    let mut inputs = Inputs::new();
    inputs.watch(&reflectors.of(), Input::Deployment);
    inputs.watch(&reflectors.of(), Input::ReplicaSet);
    let controller = Controller {
        writer: Writer::new(reflectors.client().clone(), recorder),
        state: Owners::default(),
    };
    (controller, inputs)
}

impl Selecting for Deployment {
    fn selector(&self) -> Option<&Selector> {
        self.selector.as_ref()
    }
}

impl Reconciler for Controller {
    type Change = Input;
    type Key = ObjectName;
    type Plan = (Arc<Deployment>, DeploymentPlan);
    type Error = RequestError;

    const FAILED: &'static str = "cannot write the ReplicaSets of a Deployment";

    fn observe(&mut self, change: Input) -> Vec<ObjectName> {
        match change {
            Input::Deployment(change) => self.state.owner(change),
            Input::ReplicaSet(change) => self.state.object(change),
        }
    }

    fn plan(&mut self, due: Vec<ObjectName>) -> Vec<(ObjectName, (Arc<Deployment>, DeploymentPlan))> {
        let now = Timestamp::now();
        let plans = due.into_iter().filter_map(|name| {
            let deployment = self.state.get(&name)?;
            let plan = plan(deployment, self.state.within(&name.namespace), now);
            Some((name, (deployment.clone(), plan)))
        });
        plans.collect()
    }

    async fn apply(
        &self,
        _: &ObjectName,
        (deployment, plan): &mut (Arc<Deployment>, DeploymentPlan),
    ) -> Result<Next, RequestError> {
        self.writer.apply(deployment, plan).await?;
        Ok(Next::after(plan.again))
    }
}
