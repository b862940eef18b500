//! The ConfigMap `kube-root-ca.crt` of every namespace: by it programs in Pods trust the API server.

use std::sync::Arc;

use kinglet_kube::{Change, Collection, Inputs, Next, Reconciler, Reflectors, RequestError, Resource};
use kinglet_model::{Meta, Namespace, Object, ObjectName};
use serde::Deserialize;
use serde_json::json;

use crate::presence::Presence;

const NAME: &str = "kube-root-ca.crt";
const KEY: &str = "ca.crt";
/// As kube-controller-manager describes it.
const DESCRIPTION: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal \
    endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across \
    distributions of Kubernetes clusters.";

/// A ConfigMap, of which only a certificate counts.
#[derive(Deserialize)]
pub(crate) struct ConfigMap {
    metadata: Meta,
    #[serde(default)]
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "ca.crt")]
    certificate: Option<Box<str>>,
}

impl Object for ConfigMap {
    const GROUP: &'static str = "";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "ConfigMap";
    const PLURAL: &'static str = "configmaps";
    const NAMESPACED: bool = true;

    fn meta(&self) -> &Meta {
        &self.metadata
    }
}

/// Writes missing and wrong ConfigMaps; keys are the names of namespaces.
pub(crate) struct RootCa {
    collection: Collection,
    authority: Arc<str>,
    state: Presence,
}

/// A change of a watched object.
pub(crate) enum Input {
    Namespace(Change<Namespace>),
    ConfigMap(Change<ConfigMap>),
}

/// The controller, and what it watches.
pub(crate) fn controller(reflectors: &Reflectors, authority: Arc<str>) -> (RootCa, Inputs<Input>) {
    let mut inputs = Inputs::new();
    inputs.watch(&reflectors.of(), Input::Namespace);
    inputs.watch(&reflectors.of(), Input::ConfigMap);
    let controller = RootCa {
        collection: Collection::new(reflectors.client().clone(), Resource::of::<ConfigMap>()),
        authority,
        state: Presence::default(),
    };
    (controller, inputs)
}

impl RootCa {
    fn is_right(&self, object: &ConfigMap) -> bool {
        let data = object.data.as_ref();
        data.and_then(|data| data.certificate.as_deref()) == Some(&*self.authority)
    }
}

impl Reconciler for RootCa {
    type Change = Input;
    type Key = String;
    type Plan = ();
    type Error = RequestError;

    const FAILED: &'static str = "cannot write the certificate of the API server's authority to a namespace";

    fn observe(&mut self, change: Input) -> Vec<String> {
        match change {
            Input::Namespace(change) => vec![self.state.namespace(change)],
            Input::ConfigMap(change) => {
                let name = change.name();
                if &*name.name != NAME {
                    return Vec::new();
                }
                let right = change.now().is_some_and(|object| self.is_right(&object));
                vec![self.state.object(&name.namespace, right)]
            }
        }
    }

    fn plan(&mut self, due: Vec<String>) -> Vec<(String, ())> {
        let missing = due.into_iter().filter(|name| self.state.is_missing(name));
        missing.map(|name| (name, ())).collect()
    }

    async fn apply(&self, namespace: &String, (): &mut ()) -> Result<Next, RequestError> {
        let object = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": NAME,
                "namespace": namespace,
                "annotations": {"kubernetes.io/description": DESCRIPTION},
            },
            "data": {KEY: &*self.authority},
        });
        let written = match self.collection.create(namespace, &object).await {
            Err(error) if error.is_conflict() => {
                let name = ObjectName::new(namespace.as_str(), NAME);
                self.collection
                    .merge(&name, &json!({"data": {KEY: &*self.authority}}))
                    .await
            }
            other => other,
        };
        match written {
            // The namespace goes, or somebody deletes the object: a change tells of it.
            Err(error) if error.is_not_found() || error.is_namespace_terminating() => Ok(Next::Done),
            written => written.map(|()| Next::Done),
        }
    }
}
