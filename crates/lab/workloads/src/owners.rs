//! Owners of a kind and the objects of another that they may control.

use std::sync::Arc;

use kinglet_kube::Change;
use kinglet_model::{Object, ObjectName, Selector};

use super::claim::Controlled;
use super::store::Store;

/// A kind that selects the objects that it controls.
pub(super) trait Selecting: Object {
    /// Which objects are its own.
    fn selector(&self) -> Option<&Selector>;
}

/// Owners `K` and objects `T` of the same namespaces.
#[derive(Debug)]
pub(super) struct Owners<K, T> {
    owners: Store<K>,
    objects: Store<T>,
}

impl<K, T> Default for Owners<K, T> {
    fn default() -> Self {
        Self {
            owners: Store::default(),
            objects: Store::default(),
        }
    }
}

impl<K: Selecting, T: Controlled> Owners<K, T> {
    /// Takes a change of an owner in; it concerns the owner.
    pub(super) fn owner(&mut self, change: Change<K>) -> Vec<ObjectName> {
        let name = change.name();
        self.owners.take(change);
        vec![name]
    }

    /// Takes a change of an object in. It concerns the owners that control the object now or before, and for
    /// one without a controller those that select it.
    pub(super) fn object(&mut self, change: Change<T>) -> Vec<ObjectName> {
        let namespace = change.name().namespace;
        let states = self.objects.take(change);
        let concerns = |owner: &K| {
            let selector = owner.selector();
            states.iter().any(|object| match object.owner() {
                Some(found) => found.uid == owner.meta().uid,
                None => selector.is_some_and(|one| one.matches(&object.meta().labels)),
            })
        };
        let owners = self.owners.within(&namespace);
        owners
            .filter(|owner| concerns(owner))
            .map(|owner| owner.object_name())
            .collect()
    }

    pub(super) fn get(&self, name: &ObjectName) -> Option<&Arc<K>> {
        self.owners.get(name)
    }

    /// Names of all owners.
    pub(super) fn names(&self) -> Vec<ObjectName> {
        self.owners.values().map(|owner| owner.object_name()).collect()
    }

    /// The objects of a namespace.
    pub(super) fn within<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Arc<T>> {
        self.objects.within(namespace)
    }
}
