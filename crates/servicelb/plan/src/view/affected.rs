//! What a change can make a difference to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kinglet_model::ObjectName;

/// The Services that changes of objects may concern: who serves them, their status or their DaemonSets.
/// Whatever is not named is as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Affected {
    /// All Services on all nodes: addresses of nodes have changed, or whether nodes are listed.
    pub(crate) all: bool,
    /// These Services on all nodes.
    pub(crate) services: BTreeSet<ObjectName>,
    /// What is concerned on a node only.
    pub(crate) nodes: BTreeMap<Arc<str>, Scope>,
    /// Nodes whose agents report something else of their kernels. No share depends on that.
    pub(crate) kernels: BTreeSet<Arc<str>>,
}

/// Services of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    All,
    These(BTreeSet<ObjectName>),
}

impl Affected {
    /// Everything.
    pub fn all() -> Self {
        Self {
            all: true,
            ..Self::default()
        }
    }

    /// Nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether Services may have come, changed or gone.
    pub fn has_services(&self) -> bool {
        self.all || !self.services.is_empty()
    }

    pub(crate) fn kernel(node: &Arc<str>) -> Self {
        Self {
            kernels: BTreeSet::from([node.clone()]),
            ..Self::default()
        }
    }

    pub(crate) fn node(node: &Arc<str>) -> Self {
        Self {
            nodes: BTreeMap::from([(node.clone(), Scope::All)]),
            ..Self::default()
        }
    }

    pub(crate) fn on(node: &Arc<str>, services: BTreeSet<ObjectName>) -> Self {
        if services.is_empty() {
            return Self::default();
        }
        Self {
            nodes: BTreeMap::from([(node.clone(), Scope::These(services))]),
            ..Self::default()
        }
    }

    /// Adds what another change concerns.
    pub fn add(&mut self, other: Self) {
        if self.all || other.all {
            *self = Self::all();
            return;
        }
        self.services.extend(other.services);
        self.kernels.extend(other.kernels);
        for (node, scope) in other.nodes {
            match (self.nodes.get_mut(&node), scope) {
                (Some(Scope::All), _) => {}
                (Some(Scope::These(these)), Scope::These(more)) => these.extend(more),
                (_, scope) => {
                    self.nodes.insert(node, scope);
                }
            }
        }
    }
}

/// These Services on all nodes.
impl FromIterator<ObjectName> for Affected {
    fn from_iter<I: IntoIterator<Item = ObjectName>>(services: I) -> Self {
        Self {
            services: services.into_iter().collect(),
            ..Self::default()
        }
    }
}
