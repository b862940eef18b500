//! Who owns whom.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use kinglet_kube::{Feed, Resource};
use kinglet_model::ObjectName;

use super::object::{Object, OwnerReference, Stage, Uid};

/// What a watch says of the objects of a kind.
pub(crate) type ObjectUpdate = (Arc<Resource>, Feed<Object>);

/// All objects by `uid`, and their dependents.
#[derive(Default)]
pub(super) struct Graph {
    nodes: HashMap<Uid, Node>,
    dependents: HashMap<Uid, BTreeSet<Uid>>,
}

/// An object.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) resource: Arc<Resource>,
    pub(super) name: ObjectName,
    pub(super) owners: Box<[OwnerReference]>,
    pub(super) stage: Stage,
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.resource.kind, self.name)
    }
}

impl Node {
    /// Whether a reference by an object of `namespace` describes this node: kind, name and scope are right,
    /// not only the `uid`.
    pub(super) fn is_referenced_by(&self, reference: &OwnerReference, namespace: &str) -> bool {
        *self.resource.group == *reference.group()
            && *self.resource.kind == *reference.kind
            && self.name.name == reference.name
            && (self.name.namespace.is_empty() || *self.name.namespace == *namespace)
    }

    pub(super) fn blocks(&self, owner: &Uid) -> bool {
        self.owners
            .iter()
            .any(|reference| reference.uid == *owner && reference.blocks())
    }
}

impl Graph {
    pub(super) fn node(&self, uid: &Uid) -> Option<&Node> {
        self.nodes.get(uid)
    }

    /// The known dependents of an object.
    pub(super) fn dependents(&self, uid: &Uid) -> impl Iterator<Item = (&Uid, &Node)> {
        let uids = self.dependents.get(uid).into_iter().flatten();
        uids.filter_map(|uid| Some((uid, self.nodes.get(uid)?)))
    }

    /// Takes an update in; answers the uids of the objects that it concerns.
    pub(super) fn take(&mut self, (resource, feed): ObjectUpdate) -> Vec<Uid> {
        match feed {
            Feed::Applied(object) => self.apply(&resource, object),
            Feed::Deleted(object) => self.remove(&object.metadata.uid),
            Feed::Listed(objects) => {
                let listed: HashSet<Uid> = objects.iter().map(|object| object.metadata.uid.clone()).collect();
                // Deleted while the watch was away.
                let gone: Vec<Uid> = self.of(&resource).filter(|uid| !listed.contains(uid)).collect();
                let gone: Vec<Uid> = gone.iter().flat_map(|uid| self.remove(uid)).collect();
                let applied = objects
                    .into_iter()
                    .flat_map(|object| self.apply(&resource, object));
                gone.into_iter().chain(applied.collect::<Vec<_>>()).collect()
            }
        }
    }

    /// Drops the objects of a kind that is no longer served, and tells whom that concerns.
    pub(super) fn forget(&mut self, resource: &Resource) -> Vec<Uid> {
        let gone: Vec<Uid> = self.of(resource).collect();
        gone.iter().flat_map(|uid| self.remove(uid)).collect()
    }

    fn of<'a>(&'a self, resource: &'a Resource) -> impl Iterator<Item = Uid> + 'a {
        let same =
            |node: &Node| node.resource.group == resource.group && node.resource.plural == resource.plural;
        self.nodes
            .iter()
            .filter(move |(_, node)| same(node))
            .map(|(uid, _)| uid.clone())
    }

    fn apply(&mut self, resource: &Arc<Resource>, object: Object) -> Vec<Uid> {
        let meta = object.metadata;
        let node = Node {
            resource: resource.clone(),
            name: meta.object_name(),
            stage: meta.stage(),
            owners: meta.owner_references,
        };
        let uid = meta.uid;
        let (owned, stage) = (!node.owners.is_empty(), node.stage);
        let after = node.owners.clone();
        let before = self.nodes.insert(uid.clone(), node);
        let stage_before = before.as_ref().map(|node| node.stage);
        let before = before.map(|node| node.owners).unwrap_or_default();
        let mut concerned = self.relink(&uid, &before, &after);
        // Any other object is nobody's garbage and waits for nobody.
        if owned || matches!(stage, Stage::Orphaning | Stage::AwaitingDependents) {
            concerned.push(uid.clone());
        }
        // From now on its dependents are to go.
        if stage == Stage::AwaitingDependents && stage_before != Some(stage) {
            concerned.extend(self.dependents.get(&uid).into_iter().flatten().cloned());
        }
        concerned
    }

    fn remove(&mut self, uid: &Uid) -> Vec<Uid> {
        let Some(node) = self.nodes.remove(uid) else {
            return Vec::new();
        };
        let mut concerned = self.relink(uid, &node.owners, &[]);
        // It may have been their last owner.
        concerned.extend(self.dependents.get(uid).into_iter().flatten().cloned());
        concerned
    }

    /// Changes the owners of an object; tells which of them, old and new, wait for their dependents.
    fn relink(&mut self, uid: &Uid, before: &[OwnerReference], after: &[OwnerReference]) -> Vec<Uid> {
        for reference in before {
            if let Some(dependents) = self.dependents.get_mut(&reference.uid) {
                dependents.remove(uid);
                if dependents.is_empty() {
                    self.dependents.remove(&reference.uid);
                }
            }
        }
        // Also of owners that are not known yet: watches of kinds come in any order.
        for reference in after {
            self.dependents
                .entry(reference.uid.clone())
                .or_default()
                .insert(uid.clone());
        }
        let waits = |owner: &Uid| {
            let stage = self.nodes.get(owner).map(|node| node.stage);
            matches!(stage, Some(Stage::Orphaning | Stage::AwaitingDependents))
        };
        let owners = before.iter().chain(after).map(|reference| &reference.uid);
        owners.filter(|owner| waits(owner)).cloned().collect()
    }
}
