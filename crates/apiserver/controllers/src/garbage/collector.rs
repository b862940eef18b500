//! Looks owners up and decides.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kinglet_kube::{Client, Collection, ObjectReference, Recorder, Report, Resource, Severity};
use kinglet_model::ObjectName;

use super::decision::{Decision, Dependents, Owner, decide};
use super::error::CollectError;
use super::graph::{Graph, Node};
use super::kinds::Kinds;
use super::object::{FOREGROUND, Metadata, ORPHAN, Object, OwnerReference, Stage, Uid};

pub(crate) struct Collector {
    client: Client,
    recorder: Recorder,
}

impl Collector {
    pub(super) fn new(client: Client, recorder: Recorder) -> Self {
        Self { client, recorder }
    }

    /// Work on what the graph says now.
    pub(super) fn round<'a>(
        &'a self,
        graph: &'a Graph,
        kinds: &'a Kinds,
        owner_cache: &'a OwnerCache,
    ) -> Round<'a> {
        Round {
            collector: self,
            graph,
            kinds,
            owner_cache,
        }
    }
}

/// Owners that were asked for: within a round each is looked up once, however many dependents it has.
#[derive(Default)]
pub(crate) struct OwnerCache(Mutex<HashMap<(ObjectName, Uid), Owner>>);

impl OwnerCache {
    fn lock(&self) -> MutexGuard<'_, HashMap<(ObjectName, Uid), Owner>> {
        // A panic cannot leave the map half-changed: each use is one call.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct Round<'a> {
    collector: &'a Collector,
    graph: &'a Graph,
    kinds: &'a Kinds,
    owner_cache: &'a OwnerCache,
}

impl Round<'_> {
    /// Does what is to be done about one object.
    pub(super) async fn process(&self, uid: &Uid) -> Result<(), CollectError> {
        let Some(node) = self.graph.node(uid) else {
            return Ok(());
        };
        match node.stage {
            Stage::Leaving => Ok(()),
            Stage::Orphaning => self.orphan_dependents(uid, node).await,
            Stage::AwaitingDependents => {
                let blocked = self
                    .graph
                    .dependents(uid)
                    .any(|(_, dependent)| dependent.blocks(uid));
                if blocked {
                    Ok(())
                } else {
                    self.drop_finalizer(uid, node, FOREGROUND).await
                }
            }
            Stage::Living => self.decide(uid, node).await,
        }
    }

    async fn orphan_dependents(&self, uid: &Uid, node: &Node) -> Result<(), CollectError> {
        for (dependent_uid, dependent) in self.graph.dependents(uid) {
            if let Some(live) = self.live(dependent_uid, dependent).await? {
                self.release(dependent, &live, std::slice::from_ref(uid)).await?;
            }
        }
        self.drop_finalizer(uid, node, ORPHAN).await
    }

    async fn decide(&self, uid: &Uid, node: &Node) -> Result<(), CollectError> {
        let known = |reference| self.known(node, reference) == Some(Owner::Present);
        // For nearly all objects the graph knows enough, and nobody need be asked.
        if node.owners.iter().all(known) {
            return Ok(());
        }
        // Asked, not believed: the graph may be behind, and a deletion cannot be taken back.
        let Some(live) = self
            .live(uid, node)
            .await?
            .filter(|live| live.stage() == Stage::Living)
        else {
            return Ok(());
        };
        let mut owners = Vec::with_capacity(live.owner_references.len());
        for reference in &live.owner_references {
            match self.owner(uid, node, reference).await? {
                Some(owner) => owners.push(owner),
                None => return Ok(()),
            }
        }
        match decide(&live, &owners, self.dependents(uid)) {
            Decision::Keep => Ok(()),
            Decision::Release(lost) => self.release(node, &live, &lost).await,
            Decision::Delete { how, unblock } => {
                if unblock {
                    return self.unblock(node, &live, how).await;
                }
                // Only as it was judged: another owner may have been added since.
                self.delete(node, &live, Some(&live.resource_version), how).await
            }
        }
    }

    fn dependents(&self, uid: &Uid) -> Dependents {
        let mut known = Dependents::default();
        for (_, dependent) in self.graph.dependents(uid) {
            known.any = true;
            known.waiting |= dependent.stage == Stage::AwaitingDependents;
        }
        known
    }

    /// What the graph knows of an owner.
    fn known(&self, node: &Node, reference: &OwnerReference) -> Option<Owner> {
        let owner = self.graph.node(&reference.uid)?;
        let meant = owner.is_referenced_by(reference, &node.name.namespace);
        meant.then(|| state(owner.stage))
    }

    /// What is known of an owner, looked up if the graph does not know; `None` if the reference cannot mean
    /// anything.
    async fn owner(
        &self,
        uid: &Uid,
        node: &Node,
        reference: &OwnerReference,
    ) -> Result<Option<Owner>, CollectError> {
        if let Some(owner) = self.known(node, reference) {
            return Ok(Some(owner));
        }
        let unknown = || CollectError::UnknownKind(format!("{} {}", reference.api_version, reference.kind));
        let resource = self
            .kinds
            .find(reference.group(), &reference.kind)
            .ok_or_else(unknown)?;
        if resource.namespaced && node.name.namespace.is_empty() {
            self.report_invalid_owner(uid, node, reference);
            return Ok(None);
        }
        // There is an object of this uid, but not where the reference looks: there, the owner is absent.
        if resource.namespaced && self.graph.node(&reference.uid).is_some() {
            self.report_invalid_owner(uid, node, reference);
        }
        let namespace = if resource.namespaced {
            &*node.name.namespace
        } else {
            ""
        };
        let name = ObjectName::new(namespace, reference.name.clone());
        let collection = self.collection_of((**resource).clone());
        Ok(Some(self.look_up(&collection, name, &reference.uid).await?))
    }

    async fn look_up(
        &self,
        collection: &Collection,
        name: ObjectName,
        uid: &Uid,
    ) -> Result<Owner, CollectError> {
        let key = (name, uid.clone());
        let known = self.owner_cache.lock().get(&key).copied();
        if let Some(owner) = known {
            return Ok(owner);
        }
        let owner = match collection.metadata::<Object>(&key.0).await {
            Ok(live) if live.metadata.uid == *uid => state(live.metadata.stage()),
            // Another object has its name.
            Ok(_) => Owner::Absent,
            Err(error) if error.is_not_found() => Owner::Absent,
            Err(error) => return Err(error.into()),
        };
        self.owner_cache.lock().insert(key, owner);
        Ok(owner)
    }

    fn report_invalid_owner(&self, uid: &Uid, node: &Node, reference: &OwnerReference) {
        self.collector.recorder.report(Report {
            regarding: ObjectReference {
                api_version: node.resource.api_version(),
                kind: node.resource.kind.to_string(),
                name: node.name.clone(),
                uid: uid.to_string(),
            },
            severity: Severity::Warning,
            reason: "OwnerRefInvalidNamespace",
            action: "GarbageCollecting",
            note: format!(
                "ownerRef [{}/{}, namespace: {}, name: {}, uid: {}] does not exist in namespace {:?}",
                reference.api_version,
                reference.kind,
                node.name.namespace,
                reference.name,
                reference.uid,
                &*node.name.namespace,
            ),
        });
    }

    /// The object as it is now; `None` if it is gone, and be there another one of its name.
    pub(super) async fn live(&self, uid: &Uid, node: &Node) -> Result<Option<Metadata>, CollectError> {
        match self.collection(node).metadata::<Object>(&node.name).await {
            Ok(live) => Ok(Some(live.metadata).filter(|live| live.uid == *uid)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn collection(&self, node: &Node) -> Collection {
        self.collection_of((*node.resource).clone())
    }

    fn collection_of(&self, resource: Resource) -> Collection {
        Collection::new(self.collector.client.clone(), resource)
    }
}

fn state(stage: Stage) -> Owner {
    if stage == Stage::AwaitingDependents {
        Owner::AwaitingDependents
    } else {
        Owner::Present
    }
}
