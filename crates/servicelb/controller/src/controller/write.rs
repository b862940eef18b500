//! Writes plans to the API server, with their Events.

use jiff::Timestamp;
use kinglet_kube::{
    Client, Collection, Deletion, ObjectReference, Propagation, Recorder, Report, RequestError, Resource,
    Severity,
};
use kinglet_model::{Condition, Namespace, Object as _, ObjectName, Service};
use kinglet_servicelb_plan::names::{CONDITION, CONDITION_PORTS, SERVICE_ACCOUNT};
use kinglet_servicelb_plan::{DaemonSet, EventType, ServicePlan, Status, Step};
use serde_json::{Value, json};

pub(crate) struct Writer {
    services: Collection,
    sets: Collection,
    accounts: Collection,
    namespaces: Collection,
    recorder: Recorder,
    namespace: String,
}

impl Writer {
    pub(crate) fn new(client: &Client, recorder: Recorder, namespace: &str) -> Self {
        let of = |resource| Collection::new(client.clone(), resource);
        let accounts = Resource {
            kind: "ServiceAccount".into(),
            plural: "serviceaccounts".into(),
            ..Resource::of::<Service>()
        };
        Self {
            services: of(Resource::of::<Service>()),
            sets: of(Resource::of::<DaemonSet>()),
            accounts: of(accounts),
            namespaces: of(Resource::of::<Namespace>()),
            recorder,
            namespace: namespace.to_owned(),
        }
    }

    /// Creates what DaemonSets need where it is missing: their ServiceAccount, without which their Pods are
    /// refused, and the namespace. Only what is missing takes a permission to create it.
    pub(crate) async fn prepare(&self) -> Result<(), RequestError> {
        let account = ObjectName::new(&*self.namespace, SERVICE_ACCOUNT);
        match self.accounts.metadata::<Value>(&account).await {
            Err(error) if error.is_not_found() => {}
            result => return result.map(drop),
        }
        let named = |name: &str| json!({"metadata": {"name": name}});
        let create = || async {
            let account = named(SERVICE_ACCOUNT);
            unless_there(self.accounts.create(&self.namespace, &account).await)
        };
        match create().await {
            // It is the namespace that is not there.
            Err(error) if error.is_not_found() => {}
            result => return result,
        }
        unless_there(self.namespaces.create("", &named(&self.namespace)).await)?;
        create().await
    }

    /// Carries a plan out, and reports its Events.
    pub(crate) async fn write(&self, service: &Service, plan: &ServicePlan) -> Result<(), RequestError> {
        let name = service.object_name();
        match &plan.step {
            Step::Finalizers(finalizers) => {
                // A merge patch replaces the whole list: finalizers that others added since must not get
                // lost.
                let patch =
                    json!({"metadata": {"resourceVersion": revision(service), "finalizers": finalizers}});
                unless_gone(self.services.merge(&name, &patch).await)?;
            }
            Step::Status { from, to } => {
                let patch = status(service, from, to);
                unless_gone(self.services.strategic_part(&name, "status", &patch).await)?;
            }
            Step::Apply { set, replaces } => self.apply(set, replaces.as_deref()).await?,
            Step::Delete(set) => self.delete_set(set).await?,
            Step::Tell => {}
        }
        for note in &plan.notes {
            let severity = match note.event_type {
                EventType::Normal => Severity::Normal,
                EventType::Warning => Severity::Warning,
            };
            self.report(service, severity, note.reason, note.text.clone());
        }
        Ok(())
    }

    async fn apply(&self, set: &Value, replaces: Option<&str>) -> Result<(), RequestError> {
        let Some(revision) = replaces else {
            return self.sets.create(&self.namespace, set).await;
        };
        let mut set = set.clone();
        // The plan was made from this revision: changes since are not overwritten.
        set["metadata"]["resourceVersion"] = revision.into();
        let name = set["metadata"]["name"].as_str().unwrap_or_default();
        let name = ObjectName::new(&*self.namespace, name);
        self.sets.replace(&name, &set).await
    }

    pub(crate) async fn delete_set(&self, name: &ObjectName) -> Result<(), RequestError> {
        let how = Deletion {
            // The Pods go, too, and with them the ports that they hold.
            propagation: Some(Propagation::Background),
            ..Deletion::default()
        };
        unless_gone(self.sets.delete(name, &how).await)
    }

    /// Reports an Event for a write that failed, unless only the cache was behind.
    pub(super) fn failed(&self, service: &Service, error: &RequestError) {
        if error.is_conflict() || error.is_not_found() {
            return;
        }
        let text = format!("Error syncing load balancer: {error}");
        self.report(service, Severity::Warning, "SyncLoadBalancerFailed", text);
    }

    fn report(&self, service: &Service, severity: Severity, reason: &'static str, note: String) {
        self.recorder.report(Report {
            regarding: ObjectReference::of::<Service>(&service.metadata),
            severity,
            reason,
            action: reason,
            note,
        });
    }
}

fn revision(service: &Service) -> &str {
    &service.metadata.resource_version
}

/// A strategic merge patch of the status: it merges conditions by their type, so those of others stay. The
/// resource version makes the server refuse it if the Service has changed since: another controller may have
/// put its addresses there, and both would overwrite one another for ever.
fn status(service: &Service, from: &Status, to: &Status) -> Value {
    let conditions = [
        (CONDITION, &from.condition, &to.condition),
        (CONDITION_PORTS, &from.ports, &to.ports),
    ];
    let changed = conditions.into_iter().filter(|(_, from, to)| from != to);
    let conditions = changed.map(|(kind, from, to)| match to {
        Some(condition) => entry(condition, from.as_ref()),
        None => json!({"type": kind, "$patch": "delete"}),
    });
    let ingress = match to.ingress.as_slice() {
        // In a merge patch, null removes the field.
        [] => Value::Null,
        ingress => json!(ingress),
    };
    json!({
        "metadata": {"resourceVersion": revision(service)},
        "status": {"loadBalancer": {"ingress": ingress}, "conditions": conditions.collect::<Vec<_>>()},
    })
}

fn entry(condition: &Condition, before: Option<&Condition>) -> Value {
    let mut entry = json!({
        "type": &*condition.kind,
        "status": &*condition.status,
        "reason": &*condition.reason,
        "message": &*condition.message,
    });
    // Only when the status flips (API conventions, Conditions). RFC 3339 without fractions, as metav1.Time
    // has it.
    if before.is_none_or(|before| before.status != condition.status) {
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
        entry["lastTransitionTime"] = now.to_string().into();
    }
    entry
}

/// An object that is gone is as good as a success.
fn unless_gone(result: Result<(), RequestError>) -> Result<(), RequestError> {
    match result {
        Err(error) if error.is_not_found() => Ok(()),
        result => result,
    }
}

/// An object that is there already is as good as a success.
fn unless_there(result: Result<(), RequestError>) -> Result<(), RequestError> {
    match result {
        Err(error) if error.is_conflict() => Ok(()),
        result => result,
    }
}
