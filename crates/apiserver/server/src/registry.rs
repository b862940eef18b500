//! The kinds that are served, as an immutable snapshot: a change of a CustomResourceDefinition publishes a
//! new one.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use kinglet_api_kinds::Resource;
use serde_json::Value;

use crate::store::Stored;

/// One kind in one version, as it is served.
#[derive(Debug)]
pub(crate) struct Served {
    /// The description of the kind.
    pub(crate) resource: Resource,
    /// Where its objects are stored; versions of a kind share it.
    pub(crate) collection: Arc<str>,
    /// `apiVersion` of its objects.
    pub(crate) api_version: String,
    /// The `apiVersion` in which objects are stored, for custom resources.
    storage_version: String,
    /// Whether a CustomResourceDefinition declares it.
    pub(crate) custom: bool,
}

impl Served {
    /// A built-in kind.
    pub(crate) fn built_in(resource: Resource) -> Self {
        let api_version = resource.api_version();
        let (group, plural) = match &resource.storage {
            Some(storage) => (storage.group, storage.plural),
            None => (&*resource.group, &*resource.plural),
        };
        Self {
            collection: format!("{group}/{plural}").into(),
            storage_version: api_version.clone(),
            api_version,
            custom: false,
            resource,
        }
    }

    /// A version of a custom resource, stored as another or the same version.
    pub(crate) fn custom(resource: Resource, storage_version: &str) -> Self {
        Self {
            collection: format!("{}/{}", resource.group, resource.plural).into(),
            storage_version: format!("{}/{storage_version}", resource.group),
            api_version: resource.api_version(),
            custom: true,
            resource,
        }
    }

    /// Whether this is a kind of a group, `""` being the core group.
    pub(crate) fn is(&self, group: &str, plural: &str) -> bool {
        *self.resource.group == *group && *self.resource.plural == *plural
    }

    /// An object as this version shows it.
    pub(crate) fn show(&self, stored: &Stored) -> Value {
        self.converted(stored.value())
    }

    /// Converts from the stored shape.
    pub(crate) fn converted(&self, mut object: Value) -> Value {
        match &self.resource.storage {
            Some(storage) => (storage.from_stored)(&mut object),
            None if self.custom => object["apiVersion"] = self.api_version.as_str().into(),
            None => {}
        }
        object
    }

    /// Converts to the stored shape.
    pub(crate) fn to_stored(&self, mut object: Value) -> Value {
        match &self.resource.storage {
            Some(storage) => (storage.to_stored)(&mut object),
            None if self.custom => object["apiVersion"] = self.storage_version.as_str().into(),
            None => {}
        }
        object
    }

    /// An object as this version shows it, encoded. Nearly always these are the stored bytes.
    pub(crate) fn show_json(&self, stored: &Stored) -> Bytes {
        let as_stored = match &self.resource.storage {
            Some(_) => false,
            None if self.custom => stored.json.starts_with(self.json_start().as_bytes()),
            None => true,
        };
        if as_stored {
            stored.json.clone()
        } else {
            serde_json::to_vec(&self.show(stored)).unwrap_or_default().into()
        }
    }

    /// How the JSON of an object of this version starts: keys are encoded in alphabetical order.
    fn json_start(&self) -> String {
        format!("{{\"apiVersion\":\"{}\"", self.api_version)
    }
}

/// All kinds that are served.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    kinds: Vec<Arc<Served>>,
    by_plural: HashMap<String, Arc<Served>>,
    /// Counts snapshots; discovery and OpenAPI documents are cached by it.
    pub(crate) generation: u64,
}

impl Registry {
    /// A snapshot of kinds in the order of discovery.
    pub(crate) fn new(kinds: Vec<Arc<Served>>, generation: u64) -> Self {
        let key = |one: &Arc<Served>| key(&one.resource.group, &one.resource.version, &one.resource.plural);
        Self {
            by_plural: kinds.iter().map(|one| (key(one), one.clone())).collect(),
            kinds,
            generation,
        }
    }

    /// The kind of a URL.
    pub(crate) fn find(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Served>> {
        self.by_plural.get(&key(group, version, plural))
    }

    /// All kinds, built-in ones first.
    pub(crate) fn kinds(&self) -> &[Arc<Served>] {
        &self.kinds
    }
}

fn key(group: &str, version: &str, plural: &str) -> String {
    format!("{group}/{version}/{plural}")
}

/// Publishes snapshots.
#[derive(Debug, Default)]
pub(crate) struct Published(RwLock<Arc<Registry>>);

impl Published {
    /// The present snapshot.
    pub(crate) fn get(&self) -> Arc<Registry> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the kinds.
    pub(crate) fn set(&self, kinds: Vec<Arc<Served>>) {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let generation = current.generation + 1;
        *current = Arc::new(Registry::new(kinds, generation));
    }
}
