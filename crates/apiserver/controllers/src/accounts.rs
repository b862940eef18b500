//! The ServiceAccount `default` of every namespace: Pods run as it unless they say otherwise.

use std::collections::HashSet;

use kinglet_kube::{Client, Collection, Queue, RequestError, Resource};
use kinglet_model::{Meta, Namespace, Object, ObjectName};
use serde::Deserialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::progress::Progress;
use crate::watched::{Change, Watched};

const NAME: &str = "default";

/// A ServiceAccount.
#[derive(Deserialize)]
struct ServiceAccount {
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

/// Runs for ever.
pub(crate) async fn run(client: Client, stop: CancellationToken, mut progress: Progress) {
    let mut namespaces = Watched::<Namespace>::start(&client, &stop);
    let mut accounts = Watched::<ServiceAccount>::start(&client, &stop);
    let collection = Collection::new(client, Resource::of::<ServiceAccount>());
    let (mut state, mut queue) = (State::default(), Queue::new());
    loop {
        tokio::select! {
            biased;
            change = namespaces.next() => queue_of(change.map(|change| state.namespace(change)), &mut queue),
            change = accounts.next() => queue_of(change.and_then(|change| state.account(change)), &mut queue),
            names = queue.take(), if progress.is_synced() => {
                for name in names.into_iter().filter(|name| state.is_missing(name)) {
                    match create(&collection, &name).await {
                        Ok(()) => queue.succeeded(&name),
                        Err(error) => {
                            warn!(namespace = name, %error, "cannot create service account default; trying again");
                            queue.retry(name);
                        }
                    }
                }
            }
        }
        progress.update(namespaces.synced && accounts.synced);
    }
}

fn queue_of(namespace: Option<String>, queue: &mut Queue<String>) {
    namespace.into_iter().for_each(|name| queue.mark(name));
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

#[derive(Default)]
struct State {
    /// Namespaces that are not being deleted.
    namespaces: HashSet<String>,
    /// Namespaces that have the account.
    accounts: HashSet<String>,
}

impl State {
    fn namespace(&mut self, (name, now): Change<Namespace>) -> String {
        let name = name.name.to_string();
        match now.filter(|namespace| namespace.metadata.deletion_timestamp.is_none()) {
            Some(_) => self.namespaces.insert(name.clone()),
            None => self.namespaces.remove(&name),
        };
        name
    }

    fn account(&mut self, (ObjectName { namespace, name }, now): Change<ServiceAccount>) -> Option<String> {
        if &*name != NAME {
            return None;
        }
        let namespace = namespace.to_string();
        match now {
            Some(_) => self.accounts.insert(namespace.clone()),
            None => self.accounts.remove(&namespace),
        };
        Some(namespace)
    }

    fn is_missing(&self, namespace: &str) -> bool {
        self.namespaces.contains(namespace) && !self.accounts.contains(namespace)
    }
}
