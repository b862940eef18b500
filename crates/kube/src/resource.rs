//! A kind of the API that is known only at run time.

use std::sync::Arc;

use kinglet_model::{Object, ObjectName};

/// One kind in one version, as discovery describes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Resource {
    /// API group, empty for the core group.
    pub group: Arc<str>,
    /// Version within the group.
    pub version: Arc<str>,
    /// Kind, as written in manifests.
    pub kind: Arc<str>,
    /// Plural name, as in URLs.
    pub plural: Arc<str>,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
    /// What clients may do with it, for instance `deletecollection`.
    pub verbs: Arc<[String]>,
}

impl Resource {
    /// A kind known at compile time.
    pub fn of<K: Object>() -> Self {
        Self {
            group: K::GROUP.into(),
            version: K::VERSION.into(),
            kind: K::KIND.into(),
            plural: K::PLURAL.into(),
            namespaced: K::NAMESPACED,
            verbs: Arc::default(),
        }
    }

    /// The kind in all versions that are understood; the newest one comes first.
    pub(crate) fn versions_of<K: Object>() -> Vec<Self> {
        let older = K::OLDER_VERSIONS.iter().map(|version| Self {
            version: (*version).into(),
            ..Self::of::<K>()
        });
        std::iter::once(Self::of::<K>()).chain(older).collect()
    }

    /// `apiVersion` of objects.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_string()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Whether clients may do this with it.
    pub fn can(&self, verb: &str) -> bool {
        self.verbs.iter().any(|one| one == verb)
    }

    /// The URL path of the objects in a namespace; with an empty one, and for cluster-scoped kinds, of all
    /// objects.
    pub fn collection(&self, namespace: &str) -> String {
        let root = if self.group.is_empty() { "/api/" } else { "/apis/" };
        let version = self.api_version();
        if self.namespaced && !namespace.is_empty() {
            format!("{root}{version}/namespaces/{namespace}/{}", self.plural)
        } else {
            format!("{root}{version}/{}", self.plural)
        }
    }

    /// The URL path of one object.
    pub fn path(&self, name: &ObjectName) -> String {
        format!("{}/{}", self.collection(&name.namespace), name.name)
    }
}

#[cfg(test)]
mod tests {
    use kinglet_model::{EndpointSlice, Namespace};

    use super::*;

    #[test]
    fn paths_follow_scope_and_group() {
        let (slices, namespaces) = (Resource::of::<EndpointSlice>(), Resource::of::<Namespace>());
        let table = [
            (slices.collection(""), "/apis/discovery.k8s.io/v1/endpointslices"),
            (
                slices.collection("shop"),
                "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices",
            ),
            (
                slices.path(&ObjectName::new("shop", "web")),
                "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices/web",
            ),
            (namespaces.collection(""), "/api/v1/namespaces"),
            (
                namespaces.path(&ObjectName::cluster("shop")),
                "/api/v1/namespaces/shop",
            ),
        ];
        for (path, expected) in table {
            assert_eq!(path, expected);
        }
    }
}
