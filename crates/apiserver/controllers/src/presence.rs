//! Which namespaces lack an object that each of them has.

use std::collections::HashSet;

use kinglet_kube::Change;
use kinglet_model::Namespace;

/// What is known of the namespaces.
#[derive(Default)]
pub(crate) struct Presence {
    /// Namespaces that are not being deleted.
    namespaces: HashSet<String>,
    /// Namespaces that have the object as it should be.
    present: HashSet<String>,
}

impl Presence {
    /// Takes a change of a namespace, and tells its name.
    pub(crate) fn namespace(&mut self, change: Change<Namespace>) -> String {
        let name = change.name().name.to_string();
        match change
            .now()
            .filter(|namespace| namespace.metadata.deletion_timestamp.is_none())
        {
            Some(_) => self.namespaces.insert(name.clone()),
            None => self.namespaces.remove(&name),
        };
        name
    }

    /// Takes a change of the object in a namespace, and tells the namespace's name.
    pub(crate) fn object(&mut self, namespace: &str, present: bool) -> String {
        if present {
            self.present.insert(namespace.to_owned());
        } else {
            self.present.remove(namespace);
        }
        namespace.to_owned()
    }

    /// Whether a namespace has to get the object.
    pub(crate) fn is_missing(&self, namespace: &str) -> bool {
        self.namespaces.contains(namespace) && !self.present.contains(namespace)
    }
}
