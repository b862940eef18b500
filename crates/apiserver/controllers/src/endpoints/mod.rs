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

use futures::StreamExt;
use kinglet_kube::{Client, Collection, Deletion, Queue, RequestError, Resource};
use kinglet_model::{Node, ObjectName};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use self::objects::{Endpoints, Pod, Service, Slice};
use self::state::{Concerned, Plan, State};
use self::write::Write;
use crate::progress::Progress;
use crate::watched::Watched;

/// Services whose writes run at the same time.
const CONCURRENT: usize = 8;

/// Runs for ever.
pub(crate) async fn run(client: Client, stop: CancellationToken, mut progress: Progress) {
    let mut services = Watched::<Service>::start(&client, &stop);
    let mut pods = Watched::<Pod>::start(&client, &stop);
    let mut nodes = Watched::<Node>::start(&client, &stop);
    let mut slices = Watched::<Slice>::start(&client, &stop);
    let mut endpoints = Watched::<Endpoints>::start(&client, &stop);
    let mut controller = Controller::new(&client);
    loop {
        let state = &mut controller.state;
        let concerned: Option<Concerned> = tokio::select! {
            biased;
            change = services.next() => change.map(|change| state.service(change)),
            change = pods.next() => change.map(|change| state.pod(change)),
            change = nodes.next() => change.map(|change| state.node(change)),
            change = slices.next() => change.map(|change| state.slice(change)),
            change = endpoints.next() => change.map(|change| state.endpoints(change)),
            names = controller.queue.take(), if progress.is_synced() => {
                controller.work(names).await;
                None
            }
        };
        concerned
            .into_iter()
            .flatten()
            .for_each(|name| controller.queue.mark(name));
        let complete = services.synced && pods.synced && nodes.synced && slices.synced && endpoints.synced;
        progress.update(complete);
    }
}

struct Controller {
    slices: Collection,
    endpoints: Collection,
    state: State,
    queue: Queue<ObjectName>,
}

impl Controller {
    fn new(client: &Client) -> Self {
        Self {
            slices: Collection::new(client.clone(), Resource::of::<Slice>()),
            endpoints: Collection::new(client.clone(), Resource::of::<Endpoints>()),
            state: State::default(),
            queue: Queue::new(),
        }
    }

    async fn work(&mut self, names: Vec<ObjectName>) {
        let attempts = names.into_iter().map(|name| self.attempt(name));
        let attempts: Vec<_> = futures::stream::iter(attempts)
            .buffer_unordered(CONCURRENT)
            .collect()
            .await;
        for (name, result) in attempts {
            match result {
                Ok(()) => {
                    self.queue.succeeded(&name);
                    self.state.forget(&name);
                }
                Err(error) => {
                    report(&name, &error);
                    self.queue.retry(name);
                }
            }
        }
    }

    async fn attempt(&self, name: ObjectName) -> (ObjectName, Result<(), RequestError>) {
        let result = self.apply(&name, self.state.plan(&name)).await;
        (name, result)
    }

    async fn apply(&self, service: &ObjectName, plan: Plan) -> Result<(), RequestError> {
        let slices = plan.slices.into_iter().map(|write| (&self.slices, write));
        let endpoints = plan.endpoints.into_iter().map(|write| (&self.endpoints, write));
        for (collection, write) in slices.chain(endpoints) {
            send(collection, &service.namespace, write).await?;
        }
        Ok(())
    }
}

async fn send(collection: &Collection, namespace: &str, write: Write) -> Result<(), RequestError> {
    let named = |name| ObjectName::new(namespace, name);
    match write {
        Write::Create(object) => match collection.create(namespace, &object).await {
            Err(error) if error.is_namespace_terminating() => Ok(()),
            result => result,
        },
        Write::Merge(name, patch) => collection.merge(&named(name), &patch).await,
        Write::Delete(name, uid) => {
            let how = Deletion {
                uid: Some(&uid),
                ..Deletion::default()
            };
            match collection.delete(&named(name), &how).await {
                Err(error) if error.is_not_found() => Ok(()),
                result => result,
            }
        }
    }
}

/// A conflict only means that the cache is behind; the retry sees more.
fn report(service: &ObjectName, error: &RequestError) {
    if error.is_conflict() || error.is_not_found() {
        debug!(%service, %error, "endpoints have changed meanwhile; trying again");
    } else {
        warn!(%service, %error, "cannot write endpoints; trying again");
    }
}

#[cfg(test)]
mod tests;
