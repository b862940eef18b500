//! Watched objects by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use kinglet_kube::Change;
use kinglet_model::{Object, ObjectName};

/// The present objects of a kind.
#[derive(Debug)]
pub(super) struct Store<T> {
    objects: BTreeMap<ObjectName, Arc<T>>,
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        Self {
            objects: BTreeMap::new(),
        }
    }
}

impl<T: Object> Store<T> {
    /// Takes a change in; answers the states before and after it, as far as there are any.
    pub(super) fn take(&mut self, change: Change<T>) -> Vec<Arc<T>> {
        let name = change.name();
        match change.now() {
            Some(object) => self.put(object),
            None => self.objects.remove(&name).into_iter().collect(),
        }
    }

    /// Takes an object in; answers the state before, if there is one, and the new one.
    pub(super) fn put(&mut self, object: Arc<T>) -> Vec<Arc<T>> {
        let before = self.objects.insert(object.object_name(), object.clone());
        before.into_iter().chain([object]).collect()
    }

    pub(super) fn get(&self, name: &ObjectName) -> Option<&Arc<T>> {
        self.objects.get(name)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Arc<T>> {
        self.objects.values()
    }

    /// The objects of a namespace.
    pub(super) fn within<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Arc<T>> {
        // Names are ordered by namespace first.
        let first = ObjectName::new(namespace, "");
        let rest = self.objects.range(first..);
        rest.take_while(move |(name, _)| *name.namespace == *namespace)
            .map(|(_, object)| object)
    }
}
