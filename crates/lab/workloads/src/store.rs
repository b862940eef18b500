//! Watched objects by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use kinglet_model::ObjectName;

use kinglet_controllers::Change;

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

impl<T> Store<T> {
    /// Takes a change in; answers the states before and after it, as far as there are any.
    pub(super) fn take(&mut self, (name, now): Change<T>) -> Vec<Arc<T>> {
        let before = match now.clone() {
            Some(object) => self.objects.insert(name, object),
            None => self.objects.remove(&name),
        };
        before.into_iter().chain(now).collect()
    }

    pub(super) fn get(&self, name: &ObjectName) -> Option<&Arc<T>> {
        self.objects.get(name)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Arc<T>> {
        self.objects.values()
    }

    /// The objects of a namespace.
    pub(super) fn within<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Arc<T>> {
        let first = ObjectName::new(namespace, "");
        let rest = self.objects.range(first..);
        rest.take_while(move |(name, _)| *name.namespace == *namespace)
            .map(|(_, object)| object)
    }
}
