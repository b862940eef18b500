//! Endpoints of Services: EndpointSlices and Endpoints from selectors and Pods, and mirror slices from
//! hand-written Endpoints.
//!
//! In: Services, Pods, Nodes, EndpointSlices, Endpoints. [`state`] keeps them by Service and plans;
//! [`selected`], [`legacy`] and [`mirror`] are the three pure rules. Out: writes, retried per Service until a
//! plan is empty.

mod legacy;
mod mirror;
mod objects;
mod pack;
mod pods;
mod selected;
mod state;
mod wire;
mod write;

use std::sync::Arc;

use kinglet_kube::{
    Change, Collection, Deletion, Inputs, Next, Reconciler, Reflectors, RequestError, Resource,
};
use kinglet_model::{Node, ObjectName};

use self::objects::{Endpoints, Pod, Service, Slice};
use self::state::{Plan, State};
use self::write::Write;

/// Writes the endpoints of Services; keys are the names of Services.
pub(crate) struct EndpointsController {
    slices: Collection,
    endpoints: Collection,
    state: State,
}

/// A change of a watched object.
pub(crate) enum Input {
    Service(Change<Service>),
    Pod(Change<Pod>),
    Node(Change<Node>),
    Slice(Change<Slice>),
    Endpoints(Change<Endpoints>),
}

/// The controller, and what it watches.
pub(crate) fn controller(reflectors: &Reflectors) -> (EndpointsController, Inputs<Input>) {
    let mut inputs = Inputs::new();
    inputs.watch(&reflectors.of(), Input::Service);
    inputs.watch(&reflectors.of(), Input::Pod);
    inputs.watch(&reflectors.of(), Input::Node);
    inputs.watch(&reflectors.of(), Input::Slice);
    inputs.watch(&reflectors.of(), Input::Endpoints);
    let client = reflectors.client();
    let controller = EndpointsController {
        slices: Collection::new(client.clone(), Resource::of::<Slice>()),
        endpoints: Collection::new(client.clone(), Resource::of::<Endpoints>()),
        state: State::default(),
    };
    (controller, inputs)
}

impl Reconciler for EndpointsController {
    type Change = Input;
    type Key = ObjectName;
    type Plan = Plan;
    type Error = RequestError;

    const FAILED: &'static str = "cannot write the endpoints of a Service";

    fn observe(&mut self, change: Input) -> Vec<ObjectName> {
        let state = &mut self.state;
        match change {
            Input::Service(change) => state.service(change.name(), change.now()),
            Input::Pod(change) => state.pod(change.name(), change.now()),
            Input::Node(change) => state.node(change.name(), change.now()),
            Input::Slice(change) => state.slice(change.name(), change.now()),
            Input::Endpoints(change) => state.endpoints(change.name(), change.now()),
        }
    }

    fn plan(&mut self, due: Vec<ObjectName>) -> Vec<(ObjectName, Plan)> {
        let plans = due.into_iter().map(|name| {
            let plan = self.state.plan(&name);
            (name, plan)
        });
        plans.collect()
    }

    async fn apply(&self, service: &ObjectName, plan: &mut Plan) -> Result<Next, RequestError> {
        let slices = plan.slices.iter().map(|write| (&self.slices, write));
        let endpoints = plan.endpoints.iter().map(|write| (&self.endpoints, write));
        for (collection, write) in slices.chain(endpoints) {
            send(collection, &service.namespace, write).await?;
        }
        Ok(Next::Done)
    }

    fn settle(&mut self, service: &ObjectName, _: Plan, result: &Result<Next, RequestError>) {
        if result.is_ok() {
            self.state.forget(service);
        }
    }
}

async fn send(collection: &Collection, namespace: &str, write: &Write) -> Result<(), RequestError> {
    let named = |name: &Arc<str>| ObjectName::new(namespace, name.clone());
    match write {
        Write::Create(object) => match collection.create(namespace, object).await {
            Err(error) if error.is_namespace_terminating() => Ok(()),
            result => result,
        },
        Write::Merge(name, patch) => collection.merge(&named(name), patch).await,
        Write::Delete(name, uid) => {
            let how = Deletion {
                // Another object may have the name by now.
                uid: Some(uid),
                ..Deletion::default()
            };
            match collection.delete(&named(name), &how).await {
                Err(error) if error.is_not_found() => Ok(()),
                result => result,
            }
        }
    }
}

#[cfg(test)]
mod tests;
