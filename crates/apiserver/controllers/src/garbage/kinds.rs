//! The kinds that are served, found as owner references name them.

use std::collections::HashMap;
use std::sync::Arc;

use kinglet_kube::Resource;

/// Resources by group and kind: all versions of a kind show the same objects.
#[derive(Debug, Default)]
pub(crate) struct Kinds(HashMap<(Arc<str>, Arc<str>), Arc<Resource>>);

impl Kinds {
    pub(super) fn of(resources: &[Arc<Resource>]) -> Self {
        let by_kind = |one: &Arc<Resource>| ((one.group.clone(), one.kind.clone()), one.clone());
        Self(resources.iter().map(by_kind).collect())
    }

    /// The kind of a group.
    pub(super) fn find(&self, group: &str, kind: &str) -> Option<&Arc<Resource>> {
        self.0.get(&(group.into(), kind.into()))
    }
}
