//! What the server needs to know of a Pod to find its kubelet.

use std::collections::BTreeMap;
use std::sync::Arc;

use kinglet_model::ObjectName;
use serde::Deserialize;

use crate::error::ApiError;
use crate::http::Target;
use crate::inner::Inner;
use crate::store::{Key, Stored};

/// Names the container that is meant when a request names none.
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Pod {
    metadata: Metadata,
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    namespace: String,
    name: String,
    annotations: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    node_name: String,
    containers: Vec<Container>,
    init_containers: Vec<Container>,
    ephemeral_containers: Vec<Container>,
}

#[derive(Deserialize)]
struct Container {
    name: String,
}

/// An object of a core kind.
pub(super) fn stored(server: &Inner, plural: &str, name: ObjectName) -> Result<Arc<Stored>, ApiError> {
    let kinds = server.kinds.get();
    let kind = kinds
        .find("", "v1", plural)
        .ok_or_else(ApiError::unknown_resource)?;
    let missing = ApiError::not_found("", plural, &name.name);
    let key = Key {
        collection: kind.collection.clone(),
        name,
    };
    server.store.get(&key).ok_or(missing)
}

impl Pod {
    /// The Pod that a path names.
    pub(super) fn find(server: &Inner, target: &Target) -> Result<Self, ApiError> {
        let (Some(namespace), Some(name)) = (&target.namespace, &target.name) else {
            return Err(ApiError::unknown_resource());
        };
        let name = ObjectName::new(namespace.as_str(), name.as_str());
        let stored = stored(server, "pods", name)?;
        serde_json::from_slice(&stored.json).map_err(ApiError::internal)
    }

    pub(super) fn namespace(&self) -> &str {
        &self.metadata.namespace
    }

    pub(super) fn name(&self) -> &str {
        &self.metadata.name
    }

    /// The node that runs it; `None` before it is scheduled.
    pub(super) fn node(&self) -> Option<&str> {
        Some(self.spec.node_name.as_str()).filter(|name| !name.is_empty())
    }

    /// The container that is meant.
    pub(super) fn container<'a>(&'a self, named: Option<&'a str>) -> Result<&'a str, ApiError> {
        match named {
            Some(name) if self.has(name) => Ok(name),
            Some(name) => Err(ApiError::bad_request(format!(
                "container {name} is not valid for pod {}",
                self.name()
            ))),
            None => self.default_container(),
        }
    }

    fn has(&self, name: &str) -> bool {
        let Spec {
            containers,
            init_containers,
            ephemeral_containers,
            ..
        } = &self.spec;
        let mut all = containers
            .iter()
            .chain(init_containers)
            .chain(ephemeral_containers);
        all.any(|container| container.name == name)
    }

    fn default_container(&self) -> Result<&str, ApiError> {
        let annotated = self.metadata.annotations.get(DEFAULT_CONTAINER);
        if let Some(name) = annotated.filter(|name| self.has(name)) {
            return Ok(name);
        }
        match self.spec.containers.as_slice() {
            [only] => Ok(&only.name),
            all => {
                let names: Vec<&str> = all.iter().map(|container| container.name.as_str()).collect();
                Err(ApiError::bad_request(format!(
                    "a container name must be specified for pod {}, choose one of: [{}]",
                    self.name(),
                    names.join(" ")
                )))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(names: &[&str], default: Option<&str>) -> Pod {
        let containers: Vec<_> = names.iter().map(|name| json!({"name": name})).collect();
        let annotations = default.map(|name| (DEFAULT_CONTAINER, name));
        serde_json::from_value(json!({
            "metadata": {"name": "web", "namespace": "shop", "annotations": annotations.into_iter().collect::<BTreeMap<_, _>>()},
            "spec": {"containers": containers, "initContainers": [{"name": "first"}]},
        }))
        .unwrap()
    }

    #[test]
    fn the_container_is_the_named_the_annotated_or_the_only_one() {
        let both = pod(&["app", "side"], None);
        assert_eq!(both.container(Some("side")), Ok("side"));
        assert_eq!(both.container(Some("first")), Ok("first"));
        let wrong = both.container(Some("x")).unwrap_err();
        assert_eq!(wrong.message, "container x is not valid for pod web");
        let open = both.container(None).unwrap_err();
        let expected = "a container name must be specified for pod web, choose one of: [app side]";
        assert_eq!((open.code, open.message.as_str()), (400, expected));
        assert_eq!(pod(&["app", "side"], Some("side")).container(None), Ok("side"));
        assert_eq!(pod(&["app"], None).container(None), Ok("app"));
    }
}
