//! Delete, of one object and of a collection.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use kinglet_api_schema::FieldError;
use serde_json::{Value, json};

use super::call::Call;
use super::decode::decode;
use super::list::ListOptions;
use crate::error::ApiError;
use crate::http::{Answer, Payload, Query, RequestBody};
use crate::meta;
use crate::store::{Change, Expected, Stored};

/// Objects of a collection that are deleted at a time.
const DELETED_TOGETHER: usize = 256;
/// The finalizer that makes dependents lose their owner reference first.
const ORPHAN: &str = "orphan";
/// The finalizer that makes dependents go first.
const FOREGROUND: &str = "foregroundDeletion";

/// `DeleteOptions`, from the body and the query.
#[derive(Clone, Debug, Default)]
struct DeleteOptions {
    grace_period: Option<i64>,
    uid: Option<String>,
    resource_version: Option<String>,
    propagation: Option<String>,
    dry_run: bool,
}

impl DeleteOptions {
    fn read(call: &Call, body: &RequestBody) -> Result<Self, ApiError> {
        let sent = if body.bytes.is_empty() {
            Value::Null
        } else {
            decode(body, "DeleteOptions", None)?.object
        };
        let text = |pointer: &str| sent.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let invalid = |error| ApiError::invalid("meta.k8s.io", "DeleteOptions", "", &[error]);
        // Deprecated in favour of `propagationPolicy`, and all that old clients know.
        let orphan = sent
            .get("orphanDependents")
            .and_then(Value::as_bool)
            .or(call.query.flag("orphanDependents"));
        let propagation = text("/propagationPolicy").or_else(|| owned(&call.query, "propagationPolicy"));
        if orphan.is_some() && propagation.is_some() {
            let detail = "orphanDependents and deletionPropagation cannot be both set";
            return Err(invalid(FieldError::invalid(
                "propagationPolicy",
                "DeletionPropagation",
                detail,
            )));
        }
        if let Some(policy) = &propagation
            && !matches!(policy.as_str(), "Orphan" | "Background" | "Foreground")
        {
            let accepted = ["Foreground", "Background", "Orphan", "nil"];
            return Err(invalid(FieldError::not_supported(
                "propagationPolicy",
                policy.as_str(),
                &accepted,
            )));
        }
        let body_dry_run = sent
            .get("dryRun")
            .and_then(Value::as_array)
            .is_some_and(|all| all.iter().any(|one| one == "All"));
        Ok(Self {
            grace_period: match sent.get("gracePeriodSeconds").and_then(Value::as_i64) {
                Some(seconds) => Some(seconds),
                None => call.query.number("gracePeriodSeconds")?,
            },
            uid: text("/preconditions/uid"),
            resource_version: text("/preconditions/resourceVersion"),
            propagation: propagation
                .or_else(|| orphan.map(|yes| if yes { "Orphan" } else { "Background" }.to_owned())),
            dry_run: body_dry_run || call.dry_run()?,
        })
    }
}

fn owned(query: &Query, key: &str) -> Option<String> {
    query.text(key).map(str::to_owned)
}

/// What became of a deleted object.
enum Outcome {
    /// It is gone; this was its last state.
    Gone(Value),
    /// Finalizers hold it, or it goes later.
    Held(Value),
}

impl Call {
    /// `DELETE` of an object.
    pub(crate) async fn delete(&self, body: &RequestBody) -> Result<Answer, ApiError> {
        let options = DeleteOptions::read(self, body)?;
        let answer = match self.delete_named(self.name(), &options).await? {
            Outcome::Held(object) => self.answer(200, object),
            Outcome::Gone(object) if self.answers_deleted_objects() => self.answer(200, object),
            Outcome::Gone(object) => Answer::ok(Payload::Value(self.deleted_status(&object))),
        };
        Ok(answer)
    }

    /// `DELETE` of a collection: of all objects that the selectors match.
    pub(crate) async fn delete_collection(&self, body: &RequestBody) -> Result<Answer, ApiError> {
        let options = DeleteOptions::read(self, body)?;
        let list = ListOptions::read(self)?;
        let listing = self
            .server
            .store
            .list(&self.kind.collection, self.namespace.as_deref(), None);
        let objects = listing.map(|listing| listing.objects).unwrap_or_default();
        let selected = objects
            .into_iter()
            .filter(|stored| list.selection.matches(&self.kind, stored));
        let options = &options;
        // Many at a time, so that they share flushes. The encoded form is kept, and sent piece by piece: as
        // values, tens of thousands of objects take gigabytes.
        let mut outcomes = futures::stream::iter(selected)
            .map(|stored| async move {
                match self.delete_named(&stored.name.name, options).await {
                    Ok(Outcome::Gone(object) | Outcome::Held(object)) => Ok(Some(object.to_string())),
                    // Somebody else deleted it meanwhile.
                    Err(error) if error.reason == "NotFound" => Ok(None),
                    Err(error) => Err(error),
                }
            })
            .buffered(DELETED_TOGETHER);
        let mut chunks = vec![Bytes::new()];
        while let Some(deleted) = outcomes.try_next().await? {
            let comma = if chunks.len() > 1 { "," } else { "" };
            chunks.extend(deleted.map(|object| Bytes::from(format!("{comma}{object}"))));
        }
        let start = format!(
            "{{\"kind\":{},\"apiVersion\":{},\"metadata\":{{\"resourceVersion\":\"{}\"}},\"items\":[",
            json!(&*self.kind.resource.list_kind),
            json!(self.kind.api_version),
            self.server.store.revision(),
        );
        if let Some(first) = chunks.first_mut() {
            *first = start.into();
        }
        chunks.push(Bytes::from_static(b"]}\n"));
        Ok(Answer::ok(Payload::Chunks(chunks)))
    }

    async fn delete_named(&self, name: &str, options: &DeleteOptions) -> Result<Outcome, ApiError> {
        loop {
            let key = self.key_of(name);
            let stored = self.server.store.get(&key).ok_or_else(|| self.not_found(name))?;
            match self.delete_stored(name, &stored, options).await {
                // Changed in between: look again, preconditions included.
                Err(error)
                    if error.reason == "Conflict"
                        && self
                            .server
                            .store
                            .get(&key)
                            .is_some_and(|now| now.revision != stored.revision) => {}
                other => return other,
            }
        }
    }

    async fn delete_stored(
        &self,
        name: &str,
        stored: &Arc<Stored>,
        options: &DeleteOptions,
    ) -> Result<Outcome, ApiError> {
        let old = self.kind.show(stored);
        self.check_preconditions(name, &old, options)?;
        self.protect(name)?;
        let mut object = old.clone();
        self.mark_terminating(&mut object, options);
        let held = self.is_held(&object);
        if options.dry_run || (held && object == old) {
            return Ok(if held {
                Outcome::Held(object)
            } else {
                Outcome::Gone(object)
            });
        }
        let change = if held {
            Change::Put(self.kind.to_stored(object.clone()))
        } else {
            Change::Delete
        };
        let written = self
            .server
            .store
            .write(self.key_of(name), Expected::Revision(stored.revision), change)
            .await
            .map_err(|error| self.write_error(name, error))?;
        let object = self.unwritten(object, Some(written.revision));
        if held {
            self.server.after_write(self, &object).await;
            Ok(Outcome::Held(object))
        } else {
            self.server.after_delete(self, &object).await;
            Ok(Outcome::Gone(object))
        }
    }

    fn check_preconditions(&self, name: &str, old: &Value, options: &DeleteOptions) -> Result<(), ApiError> {
        let checks = [
            (
                "UID",
                &options.uid,
                meta::text(old, "uid"),
                "deleted and then recreated",
            ),
            (
                "ResourceVersion",
                &options.resource_version,
                meta::text(old, "resourceVersion"),
                "modified",
            ),
        ];
        for (what, wanted, found, guess) in checks {
            if let Some(wanted) = wanted
                && wanted != found
            {
                let resource = &self.kind.resource;
                let why = format!(
                    "the {what} in the precondition ({wanted}) does not match the {what} in record ({found}). \
                     The object might have been {guess}"
                );
                return Err(ApiError::conflict(&resource.group, &resource.kind, name, why));
            }
        }
        Ok(())
    }

    /// Namespaces that a cluster cannot do without.
    fn protect(&self, name: &str) -> Result<(), ApiError> {
        // Those of the admission plugin NamespaceLifecycle; `kube-node-lease` is none of them.
        if self.kind.is("", "namespaces") && matches!(name, "default" | "kube-system" | "kube-public") {
            return Err(self.forbidden(name, "this namespace may not be deleted"));
        }
        Ok(())
    }

    /// Sets what a deleted object carries while something holds it: finalizers by propagation policy,
    /// deletion time, Namespace phase.
    fn mark_terminating(&self, object: &mut Value, options: &DeleteOptions) {
        let mut finalizers: Vec<String> = meta::finalizers(object).into_iter().map(str::to_owned).collect();
        if let Some(policy) = options.propagation.as_deref() {
            finalizers.retain(|one| one != ORPHAN && one != FOREGROUND);
            match policy {
                "Orphan" => finalizers.push(ORPHAN.to_owned()),
                "Foreground" => finalizers.push(FOREGROUND.to_owned()),
                _ => {}
            }
        }
        let grace = self.grace_period(object, options);
        let fresh = !meta::is_terminating(object);
        // A Namespace ends when it is empty, not at a time.
        let is_namespace = self.kind.is("", "namespaces");
        meta::change(object, |meta| {
            if finalizers.is_empty() {
                meta.remove("finalizers");
            } else {
                meta.insert("finalizers".into(), finalizers.into());
            }
            if fresh {
                meta.insert("deletionTimestamp".into(), deadline(grace).into());
                // As `BeforeDelete` of Kubernetes: controllers see that something new is wanted.
                if let Some(generation) = meta.get("generation").and_then(Value::as_i64) {
                    meta.insert("generation".into(), (generation + 1).into());
                }
            }
            // A second deletion can shorten the time, never prolong it.
            let shorter = meta
                .get("deletionGracePeriodSeconds")
                .and_then(Value::as_i64)
                .is_none_or(|before| grace < before);
            if shorter && !is_namespace {
                meta.insert("deletionGracePeriodSeconds".into(), grace.into());
                meta.insert("deletionTimestamp".into(), deadline(grace).into());
            }
        });
        if is_namespace {
            object["status"]["phase"] = "Terminating".into();
        }
    }

    /// Seconds that a Pod has to end: those on a node wait for its kubelet, all others go at once.
    fn grace_period(&self, object: &Value, options: &DeleteOptions) -> i64 {
        let on_node = object
            .pointer("/spec/nodeName")
            .and_then(Value::as_str)
            .is_some_and(|node| !node.is_empty());
        let ended = matches!(
            object.pointer("/status/phase").and_then(Value::as_str),
            Some("Succeeded" | "Failed")
        );
        if !self.kind.is("", "pods") || !on_node || ended {
            return 0;
        }
        let of_pod = || {
            object
                .pointer("/spec/terminationGracePeriodSeconds")
                .and_then(Value::as_i64)
        };
        options.grace_period.or_else(of_pod).unwrap_or(30).max(0)
    }

    /// Kinds whose deletion answers the object instead of a `Status` (`ReturnDeletedObject`).
    fn answers_deleted_objects(&self) -> bool {
        self.kind.resource.group.is_empty()
            && matches!(
                &*self.kind.resource.plural,
                "pods" | "services" | "serviceaccounts"
            )
    }

    fn deleted_status(&self, object: &Value) -> Value {
        let resource = &self.kind.resource;
        // As in errors, Kubernetes has the plural name in `kind`.
        let mut details = json!({
            "name": meta::text(object, "name"),
            "kind": &*resource.plural,
            "uid": meta::text(object, "uid"),
        });
        if !resource.group.is_empty() {
            details["group"] = (&*resource.group).into();
        }
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
    }
}

fn deadline(grace: i64) -> String {
    let now = jiff::Timestamp::now();
    let then = now
        .checked_add(jiff::SignedDuration::from_secs(grace))
        .unwrap_or(now);
    then.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
