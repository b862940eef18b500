//! Emptying of namespaces that are being deleted.
//!
//! Pods go first, so that the NetworkPolicies that protect them go later than they; then everything else.
//! What remains is told in the namespace's conditions. When nothing remains the finalizer `kubernetes` is
//! taken away, and the namespace goes.

mod conditions;
mod object;
mod sweep;

use std::time::Duration;

use futures::StreamExt;
use kinglet_kube::{Client, Collection, Queue, RequestError, Resource, status};
use kinglet_model::ObjectName;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use self::conditions::conditions;
use self::object::Namespace;
use self::sweep::sweep;
use crate::progress::Progress;
use crate::watched::Watched;

/// The finalizer in `spec.finalizers` that holds a namespace until it is empty.
const FINALIZER: &str = "kubernetes";
/// Field manager of the conditions.
const MANAGER: &str = "kinglet-namespaces";
/// Longest pause before what held a namespace is looked at again: nobody tells when it goes.
const PATIENCE: Duration = Duration::from_secs(5);
/// Namespaces that are emptied at the same time.
const CONCURRENT: usize = 4;

/// Runs for ever.
pub(crate) async fn run(client: Client, stop: CancellationToken, mut progress: Progress) {
    let mut namespaces = Watched::<Namespace>::start(&client, &stop);
    let mut queue = Queue::new();
    loop {
        tokio::select! {
            biased;
            change = namespaces.next() => {
                if let Some((name, Some(namespace))) = change && namespace.is_to_be_emptied() {
                    queue.mark(name);
                }
            }
            names = queue.take() => work(&client, &mut queue, names).await,
        }
        progress.update(namespaces.synced);
    }
}

async fn work(client: &Client, queue: &mut Queue<ObjectName>, names: Vec<ObjectName>) {
    let attempts = names
        .into_iter()
        .map(|name| async { (empty(client, &name).await, name) });
    let attempts: Vec<_> = futures::stream::iter(attempts)
        .buffer_unordered(CONCURRENT)
        .collect()
        .await;
    for (result, name) in attempts {
        match result {
            Ok(true) => {
                info!(namespace = %name, "namespace emptied");
                queue.succeeded(&name);
            }
            Ok(false) => queue.retry_within(name, PATIENCE),
            Err(error) => {
                if error.is_conflict() {
                    debug!(namespace = %name, %error, "namespace has changed meanwhile; trying again");
                } else {
                    warn!(namespace = %name, %error, "cannot empty namespace; trying again");
                }
                queue.retry(name);
            }
        }
    }
}

/// Deletes what is in a namespace; true when nothing is left to do.
async fn empty(client: &Client, name: &ObjectName) -> Result<bool, RequestError> {
    let namespaces = Collection::new(client.clone(), Resource::of::<Namespace>());
    let whole: Value = match namespaces.get(name).await {
        Err(error) if error.is_not_found() => return Ok(true),
        result => result?,
    };
    let Some(namespace) = Namespace::decode(&whole).filter(Namespace::is_to_be_emptied) else {
        return Ok(true);
    };
    let result = sweep(client, &name.name).await;
    if result.is_clean() && namespace.status.conditions.is_empty() {
        return finalize(&namespaces, name, whole).await;
    }
    let wanted = conditions(&namespace.status.conditions, &result, jiff::Timestamp::now());
    if wanted != namespace.status.conditions {
        let patch = json!({"conditions": wanted});
        status::patch::<Namespace>(client, name, &patch, MANAGER).await?;
    }
    if !result.is_clean() {
        return Ok(false);
    }
    let whole = namespaces.get(name).await?;
    finalize(&namespaces, name, whole).await
}

/// Takes our finalizer away, and with it the namespace.
async fn finalize(
    namespaces: &Collection,
    name: &ObjectName,
    mut whole: Value,
) -> Result<bool, RequestError> {
    if let Some(finalizers) = whole
        .pointer_mut("/spec/finalizers")
        .and_then(Value::as_array_mut)
    {
        finalizers.retain(|finalizer| finalizer != FINALIZER);
    }
    match namespaces.replace_part(name, "finalize", &whole).await {
        Err(error) if error.is_not_found() => Ok(true),
        result => result.map(|()| true),
    }
}
