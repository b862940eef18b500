//! Which kinds the API server serves: aggregated discovery (`apidiscovery.k8s.io/v2`), two requests for
//! everything, and the list of one group's version, which everybody who is authenticated may read.

use std::collections::HashSet;
use std::sync::Arc;

use http::Request;
use http::header::ACCEPT;
use kinglet_model::Object;
use kube::Client;
use serde::Deserialize;

use crate::{RequestError, Resource};

// Version `v2` is there from Kubernetes 1.30 on.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// All kinds, each in the version that the server prefers. A group whose own server does not answer is left
/// out.
pub async fn discover(client: &Client) -> Result<Vec<Resource>, RequestError> {
    let mut resources = Vec::new();
    for root in ["/api", "/apis"] {
        let request = Request::get(root)
            .header(ACCEPT, AGGREGATED)
            .body(Vec::new())
            .map_err(kube::Error::HttpError)?;
        let groups: Groups = client.request(request).await?;
        resources.extend(groups.items.iter().flat_map(Group::resources));
    }
    Ok(resources)
}

/// The kind in the newest version that the API server serves of those that are understood; nothing if it
/// serves none.
pub async fn served<K: Object>(client: &Client) -> Result<Option<Resource>, RequestError> {
    first_served(client, Resource::versions_of::<K>()).await
}

/// The first of these that the API server serves.
pub(crate) async fn first_served(
    client: &Client,
    versions: Vec<Resource>,
) -> Result<Option<Resource>, RequestError> {
    for resource in versions {
        if is_served(client, &resource).await? {
            return Ok(Some(resource));
        }
    }
    Ok(None)
}

/// Whether the API server serves a kind in its version.
async fn is_served(client: &Client, resource: &Resource) -> Result<bool, RequestError> {
    let root = if resource.group.is_empty() {
        "/api"
    } else {
        "/apis"
    };
    let request = Request::get(format!("{root}/{}", resource.api_version()))
        .body(Vec::new())
        .map_err(kube::Error::HttpError)?;
    match client.request::<Named>(request).await {
        Ok(list) => Ok(list.resources.iter().any(|one| one.name == resource.plural)),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// An `APIResourceList`.
#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    resources: Vec<Name>,
}

#[derive(Deserialize)]
struct Name {
    name: Arc<str>,
}

#[derive(Deserialize)]
struct Groups {
    items: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    // The core group has no name.
    #[serde(default)]
    metadata: GroupMeta,
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GroupMeta {
    name: Arc<str>,
}

#[derive(Deserialize)]
struct Version {
    version: Arc<str>,
    // Empty while the group's own server does not answer (`freshness: Stale`).
    #[serde(default)]
    resources: Vec<Described>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    resource: Arc<str>,
    #[serde(default)]
    response_kind: ResponseKind,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    verbs: Arc<[String]>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ResponseKind {
    kind: Arc<str>,
}

impl Group {
    /// The group's kinds; versions come in the order of preference.
    fn resources(&self) -> Vec<Resource> {
        let mut seen = HashSet::new();
        let all = self
            .versions
            .iter()
            .flat_map(|version| version.resources.iter().map(move |one| (version, one)));
        all.filter(|(_, one)| seen.insert(one.resource.clone()))
            .map(|(version, one)| Resource {
                group: self.metadata.name.clone(),
                version: version.version.clone(),
                kind: one.response_kind.kind.clone(),
                plural: one.resource.clone(),
                namespaced: one.scope == "Namespaced",
                verbs: one.verbs.clone(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_comes_in_its_preferred_version() {
        let group: Group = serde_json::from_str(
            r#"{"metadata":{"name":"g.example"},"versions":[
                {"version":"v2","resources":[{"resource":"as","responseKind":{"kind":"A"},"scope":"Namespaced","verbs":["list"]}]},
                {"version":"v1","resources":[{"resource":"as","responseKind":{"kind":"A"},"scope":"Namespaced","verbs":["list"]},
                                             {"resource":"bs","responseKind":{"kind":"B"},"scope":"Cluster","verbs":[]}]}]}"#,
        )
        .unwrap();
        let found: Vec<_> = group
            .resources()
            .iter()
            .map(|one| {
                (
                    one.api_version(),
                    one.kind.to_string(),
                    one.namespaced,
                    one.can("list"),
                )
            })
            .collect();
        let expected = [
            ("g.example/v2", "A", true, true),
            ("g.example/v1", "B", false, false),
        ];
        assert_eq!(
            found,
            expected.map(|(v, k, n, l)| (v.to_owned(), k.to_owned(), n, l))
        );
    }
}
