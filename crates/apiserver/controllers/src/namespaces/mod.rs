//! Emptying of namespaces that are being deleted.
//!
//! Pods go first, so that the NetworkPolicies that protect them go later than they; then everything else.
//! What remains is told in the namespace's conditions. When nothing remains the finalizer `kubernetes` is
//! taken away, and the namespace goes.

mod conditions;
mod object;
mod sweep;

use std::time::Duration;

use kinglet_kube::{
    Change, Client, Collection, Inputs, Next, Reconciler, Reflectors, RequestError, Resource, status,
};
use kinglet_model::{Object, ObjectName};
use serde_json::{Value, json};
use tracing::info;

use self::conditions::conditions;
use self::object::{FINALIZER, Namespace};
use self::sweep::sweep;

/// Field manager of the conditions.
const MANAGER: &str = "kinglet-namespaces";
/// Longest pause before what held a namespace is looked at again: nobody tells when it goes.
const PATIENCE: Duration = Duration::from_secs(5);

/// Empties namespaces.
pub(crate) struct Namespaces {
    client: Client,
}

/// The controller, and what it watches.
pub(crate) fn controller(reflectors: &Reflectors) -> (Namespaces, Inputs<Change<Namespace>>) {
    let mut inputs = Inputs::new();
    inputs.watch(&reflectors.of(), |change| change);
    let client = reflectors.client().clone();
    (Namespaces { client }, inputs)
}

impl Reconciler for Namespaces {
    type Change = Change<Namespace>;
    type Key = ObjectName;
    type Plan = ();
    type Error = RequestError;

    // Each of them lists and deletes all kinds: more would crowd out other clients.
    const CONCURRENT: usize = 4;
    const FAILED: &'static str = "cannot empty a namespace that is being deleted";

    fn observe(&mut self, change: Change<Namespace>) -> Vec<ObjectName> {
        let namespace = change.now().filter(|namespace| namespace.is_to_be_emptied());
        namespace
            .map(|namespace| namespace.object_name())
            .into_iter()
            .collect()
    }

    fn plan(&mut self, due: Vec<ObjectName>) -> Vec<(ObjectName, ())> {
        due.into_iter().map(|name| (name, ())).collect()
    }

    async fn apply(&self, name: &ObjectName, (): &mut ()) -> Result<Next, RequestError> {
        if !empty(&self.client, name).await? {
            return Ok(Next::Retry(PATIENCE));
        }
        info!(namespace = %name, "namespace emptied");
        Ok(Next::Done)
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
    // The write of the status made a new revision: with the old one `finalize` would be refused.
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
