//! From packed slices to the writes that bring them about.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use kinglet_model::wellknown;
use serde_json::{Value, json};

use super::objects::{Family, Map, Slice};
use super::pack::{Content, pack};
use super::pods::Groups;

/// A write of an EndpointSlice or Endpoints object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Write {
    /// Create this object.
    Create(Value),
    /// Change the named object by a merge patch; it carries the revision that it is based on.
    Merge(Arc<str>, Value),
    /// Delete the named object with this `uid`.
    Delete(Arc<str>, Arc<str>),
}

/// What all slices of one owner have in common.
pub(crate) struct Template {
    /// The Service's namespace.
    pub(crate) namespace: Arc<str>,
    /// What slice names begin with.
    pub(crate) prefix: Arc<str>,
    /// The controller that writes the slices.
    pub(crate) controller: &'static str,
    /// Labels, those that the API reserves included.
    pub(crate) labels: Map,
    /// Annotations; `None` leaves them to others.
    pub(crate) annotations: Option<Map>,
    /// `kind` of the owner, of the core group.
    pub(crate) owner_kind: &'static str,
    pub(crate) owner_name: Arc<str>,
    pub(crate) owner_uid: Arc<str>,
    /// Endpoints per slice.
    pub(crate) most: usize,
    /// Whether a family without endpoints has an empty slice.
    pub(crate) placeholder: bool,
}

impl Template {
    /// The writes that turn the existing slices of the Service into the wanted ones. Slices of another owner
    /// of the same name are deleted; slices that are being deleted are left alone.
    pub(crate) fn reconcile(&self, wanted: BTreeMap<Family, Groups>, existing: &[Arc<Slice>]) -> Vec<Write> {
        let all = existing.iter().map(Arc::as_ref);
        let managed = all.filter(|slice| slice.is_managed_by(self.controller));
        let present: Vec<&Slice> = managed
            .filter(|slice| slice.metadata.deletion_timestamp.is_none())
            .collect();
        let mut writes = Vec::new();
        let mut unwanted: Vec<&Slice> = present
            .iter()
            .copied()
            .filter(|slice| !self.owns(slice) || !wanted.contains_key(&slice.family))
            .collect();
        for (family, groups) in wanted {
            let usable: Vec<&Slice> = present
                .iter()
                .copied()
                .filter(|slice| self.owns(slice) && slice.family == family)
                .collect();
            let packed = pack(groups, &usable, self.most, self.placeholder);
            for content in &packed.created {
                writes.push(Write::Create(self.object(family, content, existing, &writes)));
            }
            writes.extend(
                packed
                    .kept
                    .iter()
                    .filter_map(|(slice, content)| self.change(slice, content)),
            );
            unwanted.extend(packed.deleted);
        }
        // Last, so that there is no moment when an endpoint is in no slice.
        writes.extend(unwanted.into_iter().map(delete));
        writes
    }

    fn owns(&self, slice: &Slice) -> bool {
        slice.owner.as_ref() == Some(&self.owner_uid)
    }

    /// A new slice.
    fn object(&self, family: Family, content: &Content, existing: &[Arc<Slice>], writes: &[Write]) -> Value {
        let taken = |name: &str| {
            let created =
                |write: &Write| matches!(write, Write::Create(slice) if slice["metadata"]["name"] == name);
            existing.iter().any(|slice| *slice.metadata.name == *name) || writes.iter().any(created)
        };
        let mut object = json!({
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": self.name(family, taken),
                "generateName": &*self.prefix,
                "namespace": &*self.namespace,
                "labels": self.labels,
                "ownerReferences": [{
                    "apiVersion": "v1",
                    "kind": self.owner_kind,
                    "name": &*self.owner_name,
                    "uid": &*self.owner_uid,
                    "controller": true,
                    "blockOwnerDeletion": true,
                }],
            },
            "addressType": family,
            "endpoints": content.endpoints,
            "ports": content.ports,
        });
        if let Some(annotations) = self
            .annotations
            .as_ref()
            .filter(|annotations| !annotations.is_empty())
        {
            object["metadata"]["annotations"] = json!(annotations);
        }
        object
    }

    /// The first free of a row of names that look like generated ones but are always the same: when the cache
    /// is behind and a slice exists already, creating it again fails instead of making another one.
    fn name(&self, family: Family, taken: impl Fn(&str) -> bool) -> String {
        let mut number = 0_u32;
        loop {
            let mut hasher = DefaultHasher::new();
            (&*self.owner_uid, family, number).hash(&mut hasher);
            let name = format!("{}{}", self.prefix, suffix(hasher.finish()));
            if !taken(&name) {
                return name;
            }
            number += 1;
        }
    }

    /// The change of a slice, if it needs one.
    fn change(&self, slice: &Slice, content: &Content) -> Option<Write> {
        let mut patch = serde_json::Map::new();
        let mut metadata = serde_json::Map::new();
        if let Some(labels) = difference(&slice.metadata.labels, &self.labels) {
            metadata.insert("labels".into(), labels);
        }
        let wanted = self.annotations.as_ref();
        if let Some(annotations) = wanted.and_then(|wanted| difference(&slice.metadata.annotations, wanted)) {
            metadata.insert("annotations".into(), annotations);
        }
        if slice.endpoints != content.endpoints {
            patch.insert("endpoints".into(), json!(content.endpoints));
        }
        if slice.ports != content.ports {
            patch.insert("ports".into(), json!(content.ports));
        }
        if patch.is_empty() && metadata.is_empty() {
            return None;
        }
        // Refused if somebody changed the slice since the plan was made.
        metadata.insert("resourceVersion".into(), json!(&*slice.metadata.resource_version));
        patch.insert("metadata".into(), metadata.into());
        Some(Write::Merge(slice.metadata.name.clone(), patch.into()))
    }
}

pub(crate) fn delete(slice: &Slice) -> Write {
    Write::Delete(slice.metadata.name.clone(), slice.metadata.uid.clone())
}

/// The merge patch from one map to another, if they differ.
pub(crate) fn difference(from: &Map, to: &Map) -> Option<Value> {
    let gone = from
        .keys()
        .filter(|key| !to.contains_key(*key))
        .map(|key| (key.to_string(), Value::Null));
    let changed = to.iter().filter(|(key, value)| from.get(*key) != Some(*value));
    let patch: serde_json::Map<String, Value> = gone
        .chain(changed.map(|(key, value)| (key.to_string(), (&**value).into())))
        .collect();
    (!patch.is_empty()).then(|| patch.into())
}

/// The labels of an object's copy: its own but for those that the API reserves for slices, and these.
pub(crate) fn labels(own: &Map, service: &str, controller: &str, headless: bool) -> Map {
    let mut labels = own.clone();
    labels.remove(LABEL_HEADLESS);
    if headless {
        labels.insert(LABEL_HEADLESS.into(), "".into());
    }
    labels.insert(wellknown::LABEL_SERVICE_NAME.into(), service.into());
    labels.insert(wellknown::LABEL_MANAGED_BY.into(), controller.into());
    labels
}

/// Label that tells consumers not to look for a cluster address.
pub(crate) const LABEL_HEADLESS: &str = "service.kubernetes.io/headless";

/// Five characters that form no words, as the API server generates them.
fn suffix(mut number: u64) -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut digit = || {
        let length = ALPHABET.len() as u64;
        let at = usize::try_from(number % length).unwrap_or_default();
        number /= length;
        ALPHABET.get(at).copied().map_or('b', char::from)
    };
    (0..5).map(|_| digit()).collect()
}
