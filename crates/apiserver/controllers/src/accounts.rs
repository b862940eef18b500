//! The ServiceAccount `default` of every namespace: Pods run as it unless they say otherwise.

use kinglet_kube::{Change, Collection, Inputs, Next, Reconciler, Reflectors, RequestError, Resource};
use kinglet_model::{Meta, Namespace, Object};
use serde::Deserialize;
use serde_json::json;

use crate::presence::Presence;

const NAME: &str = "default";

/// A ServiceAccount.
#[derive(Deserialize)]
pub(crate) struct ServiceAccount {
    metadata: Meta,
}

impl Object for ServiceAccount {
    const GROUP: &'static str = "";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "ServiceAccount";
    const PLURAL: &'static str = "serviceaccounts";
    const NAMESPACED: bool = true;

    fn meta(&self) -> &Meta {
        &self.metadata
    }
}

/// Creates missing accounts; keys are the names of namespaces.
pub(crate) struct Accounts {
    collection: Collection,
    state: Presence,
}

/// A change of a watched object.
pub(crate) enum Input {
    Namespace(Change<Namespace>),
    Account(Change<ServiceAccount>),
}

/// The controller, and what it watches.
pub(crate) fn controller(reflectors: &Reflectors) -> (Accounts, Inputs<Input>) {
    let mut inputs = Inputs::new();
    inputs.watch(&reflectors.of(), Input::Namespace);
    inputs.watch(&reflectors.of(), Input::Account);
    let accounts = Accounts {
        collection: Collection::new(reflectors.client().clone(), Resource::of::<ServiceAccount>()),
        state: Presence::default(),
    };
    (accounts, inputs)
}

impl Reconciler for Accounts {
    type Change = Input;
    type Key = String;
    type Plan = ();
    type Error = RequestError;

    const FAILED: &'static str = "cannot create the service account default of a namespace";

    fn observe(&mut self, change: Input) -> Vec<String> {
        match change {
            Input::Namespace(change) => vec![self.state.namespace(change)],
            Input::Account(change) => {
                let name = change.name();
                let ours = &*name.name == NAME;
                let present = change.now().is_some();
                ours.then(|| self.state.object(&name.namespace, present))
                    .into_iter()
                    .collect()
            }
        }
    }

    fn plan(&mut self, due: Vec<String>) -> Vec<(String, ())> {
        let missing = due.into_iter().filter(|name| self.state.is_missing(name));
        missing.map(|name| (name, ())).collect()
    }

    async fn apply(&self, namespace: &String, (): &mut ()) -> Result<Next, RequestError> {
        create(&self.collection, namespace).await.map(|()| Next::Done)
    }
}

/// Somebody else's account, and a namespace that is going, are as good as a success.
async fn create(collection: &Collection, namespace: &str) -> Result<(), RequestError> {
    let account = json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": NAME, "namespace": namespace},
    });
    match collection.create(namespace, &account).await {
        Err(error) if error.is_conflict() || error.is_not_found() || error.is_namespace_terminating() => {
            Ok(())
        }
        result => result,
    }
}
