//! From a plan to requests and Events.

use std::sync::Arc;

use kinglet_kube::{
    Client, Collection, Deletion, ObjectReference, Recorder, Report, RequestError, Resource, Severity, status,
};
use kinglet_model::{Meta, Object, ObjectName};
use serde_json::{Value, json};

use super::super::objects::{Deployment, Owner, ReplicaSet};
use super::super::{pods, template};
use super::plan::DeploymentPlan;
use super::revision::{ANNOTATION_REVISION, Annotations};

/// Name of the controller in Events and as field manager.
pub(crate) const COMPONENT: &str = "deployment-controller";

pub(super) struct Writer {
    client: Client,
    deployments: Collection,
    sets: Collection,
    recorder: Recorder,
}

impl Writer {
    pub(super) fn new(client: Client, recorder: Recorder) -> Self {
        Self {
            deployments: Collection::new(client.clone(), Resource::of::<Deployment>()),
            sets: Collection::new(client.clone(), Resource::of::<ReplicaSet>()),
            client,
            recorder,
        }
    }

    /// Does everything that a plan says.
    pub(super) async fn apply(
        &self,
        deployment: &Deployment,
        plan: &DeploymentPlan,
    ) -> Result<(), RequestError> {
        let meta = &deployment.metadata;
        for set in &plan.release {
            pods::release(&self.sets, &set.metadata, &meta.uid).await?;
        }
        for set in &plan.adopt {
            let reference = Owner::reference::<Deployment>(meta);
            pods::adopt(&self.sets, &set.metadata, reference).await?;
        }
        if let Some((set, annotations)) = &plan.update {
            self.update(deployment, set, annotations).await?;
        }
        if let Some(set) = &plan.create {
            self.create(deployment, set).await?;
        }
        // The update has changed the revision of a set that is also resized: the next plan resizes it.
        let updated = plan.update.as_ref().map(|(set, _)| &set.metadata.uid);
        let resize = plan
            .resize
            .iter()
            .filter(|(set, _)| Some(&set.metadata.uid) != updated);
        for (set, size) in resize {
            self.resize(deployment, set, *size).await?;
        }
        for set in &plan.delete {
            self.delete(set).await?;
        }
        self.finish(deployment, plan).await
    }

    /// Writes what the Deployment itself is to carry.
    async fn finish(&self, deployment: &Deployment, plan: &DeploymentPlan) -> Result<(), RequestError> {
        let name = deployment.object_name();
        if let Some(revision) = &plan.revision {
            let patch = json!({"metadata": {"annotations": {ANNOTATION_REVISION: revision}}});
            self.deployments.merge(&name, &patch).await?;
        }
        if plan.status != deployment.status {
            let status = json!(plan.status);
            status::patch::<Deployment>(&self.client, &name, &status, COMPONENT).await?;
        }
        Ok(())
    }

    async fn update(
        &self,
        deployment: &Deployment,
        set: &ReplicaSet,
        annotations: &Annotations,
    ) -> Result<(), RequestError> {
        // The history of revisions was computed from this state of the annotations.
        let patch = json!({
            "metadata": {"resourceVersion": &*set.metadata.resource_version, "annotations": annotations},
            "spec": {"minReadySeconds": deployment.min_ready_seconds},
        });
        self.sets.merge(&set.object_name(), &patch).await
    }

    async fn resize(
        &self,
        deployment: &Deployment,
        set: &Arc<ReplicaSet>,
        size: i32,
    ) -> Result<(), RequestError> {
        // The size was computed from this revision: another writer's change has to be seen first.
        let version = &*set.metadata.resource_version;
        let patch = json!({
            "metadata": {"resourceVersion": version},
            "spec": {"replicas": size},
        });
        self.sets.merge(&set.object_name(), &patch).await?;
        if size != set.replicas {
            self.report(&deployment.metadata, &set.metadata.name, set.replicas, size);
        }
        Ok(())
    }

    /// Creates the new ReplicaSet. When its name is taken by another template, the next plan takes another
    /// name.
    async fn create(&self, deployment: &Deployment, set: &Value) -> Result<(), RequestError> {
        let meta = &deployment.metadata;
        let name = set["metadata"]["name"].as_str().unwrap_or_default();
        match self.sets.create(&meta.namespace, set).await {
            Ok(()) => {
                let size = set["spec"]["replicas"].as_i64().unwrap_or_default();
                if let Some(size) = i32::try_from(size).ok().filter(|size| *size > 0) {
                    self.report(meta, name, 0, size);
                }
                Ok(())
            }
            Err(error) if error.is_namespace_terminating() => Ok(()),
            Err(error) if error.is_conflict() => {
                let taken = ObjectName::new(meta.namespace.clone(), name);
                // Our own ReplicaSet, which the cache does not show yet, or another template with the same
                // hash.
                let other: ReplicaSet = self.sets.get(&taken).await?;
                let own = other.owner.is_some_and(|owner| owner.uid == meta.uid);
                if !own || !template::is_same(&other.template, &deployment.template) {
                    let count = json!({"collisionCount": deployment.status.collision_count + 1});
                    status::patch::<Deployment>(&self.client, &meta.object_name(), &count, COMPONENT).await?;
                }
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    async fn delete(&self, set: &ReplicaSet) -> Result<(), RequestError> {
        // Not if somebody has scaled it up since, for a rollback.
        let how = Deletion {
            uid: Some(&set.metadata.uid),
            resource_version: Some(&set.metadata.resource_version),
            ..Deletion::default()
        };
        pods::ignore_not_found(self.sets.delete(&set.object_name(), &how).await)
    }

    fn report(&self, deployment: &Meta, set: &str, from: i32, to: i32) {
        let direction = if to > from { "up" } else { "down" };
        self.recorder.report(Report {
            regarding: ObjectReference::of::<Deployment>(deployment),
            severity: Severity::Normal,
            reason: "ScalingReplicaSet",
            action: "ScalingReplicaSet",
            note: format!("Scaled {direction} replica set {set} from {from} to {to}"),
        });
    }
}
