//! What all watched objects have in common.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::name::ObjectName;

/// The used part of `metadata` (Kubernetes `ObjectMeta`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Meta {
    /// `metadata.name`.
    pub name: Arc<str>,
    /// `metadata.namespace`, empty for cluster-scoped kinds.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub namespace: Arc<str>,
    /// `metadata.uid`.
    pub uid: Arc<str>,
    /// `metadata.resourceVersion`: opaque, compared for equality only.
    pub resource_version: Arc<str>,
    /// `metadata.generation`: counts changes of the specification.
    pub generation: i64,
    /// `metadata.creationTimestamp`: orders objects by age.
    pub creation_timestamp: Option<jiff::Timestamp>,
    /// `metadata.deletionTimestamp`: set while finalizers hold the object.
    pub deletion_timestamp: Option<jiff::Timestamp>,
    /// `metadata.deletionGracePeriodSeconds`: the time that a Pod being deleted has left to end.
    pub deletion_grace_period_seconds: Option<i64>,
    /// `metadata.finalizers`: what keeps the object although it is being deleted.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub finalizers: Vec<Box<str>>,
    /// `metadata.labels`.
    #[serde(deserialize_with = "nullable")]
    pub labels: BTreeMap<Box<str>, Box<str>>,
    /// `metadata.annotations`, without `kubectl.kubernetes.io/last-applied-configuration`.
    #[serde(deserialize_with = "annotations")]
    pub annotations: BTreeMap<Box<str>, Box<str>>,
}

impl Meta {
    /// The object's name within its kind.
    pub fn object_name(&self) -> ObjectName {
        ObjectName {
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }

    /// A label's value.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(AsRef::as_ref)
    }

    /// An annotation's value.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).map(AsRef::as_ref)
    }
}

/// Drops the copy of the whole object that `kubectl apply` keeps in an annotation: no service reads it and it
/// doubles an object's size.
fn annotations<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<Box<str>, Box<str>>, D::Error> {
    let mut annotations =
        Option::<BTreeMap<Box<str>, Box<str>>>::deserialize(deserializer)?.unwrap_or_default();
    annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    Ok(annotations)
}

/// A kind of the Kubernetes API that services watch.
pub trait Object: DeserializeOwned + Send + Sync + 'static {
    /// API group, empty for the core group.
    const GROUP: &'static str;
    /// API version within the group.
    const VERSION: &'static str;
    /// Versions in which API servers may have the same kind instead; the newest one comes first.
    const OLDER_VERSIONS: &'static [&'static str] = &[];
    /// Kind, as written in manifests.
    const KIND: &'static str;
    /// Plural resource name, as in URLs.
    const PLURAL: &'static str;
    /// Whether objects live in namespaces.
    const NAMESPACED: bool;

    /// The object's metadata.
    fn meta(&self) -> &Meta;

    /// The object's name within its kind.
    fn object_name(&self) -> ObjectName {
        self.meta().object_name()
    }

    /// Reads an object as API servers send it.
    ///
    /// # Errors
    /// JSON that does not follow the kind's schema.
    fn from_json(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }
}

/// Declares that a type is a kind of the API, in one version or in several that do not differ in what is
/// used.
macro_rules! object {
    ($type:ty, $group:literal, $version:literal, $kind:literal, $plural:literal, $namespaced:literal) => {
        $crate::object::object!($type, $group, [$version], $kind, $plural, $namespaced);
    };
    ($type:ty, $group:literal, [$version:literal $(, $older:literal)*], $kind:literal, $plural:literal, $namespaced:literal) => {
        impl $crate::object::Object for $type {
            const GROUP: &'static str = $group;
            const VERSION: &'static str = $version;
            const OLDER_VERSIONS: &'static [&'static str] = &[$($older),*];
            const KIND: &'static str = $kind;
            const PLURAL: &'static str = $plural;
            const NAMESPACED: bool = $namespaced;

            fn meta(&self) -> &$crate::object::Meta {
                &self.metadata
            }

            // As the trait has it, but compiled here, once, and not in each crate that reads the kind.
            fn from_json(text: &str) -> serde_json::Result<Self> {
                serde_json::from_str(text)
            }
        }
    };
}
pub(crate) use object;

/// Reads `null` as the type's default: Go writes an empty list or map that is nil as `null`, and serde's
/// `default` covers missing fields only.
pub(crate) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Pod, Service};

    #[test]
    fn null_is_an_empty_list_or_map() {
        let meta = json!({"name": "a", "labels": null, "annotations": null, "finalizers": null});
        let service = json!({
            "metadata": meta,
            "spec": {"clusterIPs": null, "externalIPs": null, "ports": null, "selector": null},
        });
        let service = Service::from_json(&service.to_string()).unwrap();
        assert!(service.ports.is_empty() && service.cluster_ips.is_empty());
        let pod = json!({
            "metadata": meta,
            "spec": {"containers": null},
            "status": {"podIPs": null, "conditions": null},
        });
        assert!(Pod::from_json(&pod.to_string()).unwrap().ips.is_empty());
    }
}
