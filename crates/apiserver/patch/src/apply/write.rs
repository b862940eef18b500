//! One write: who writes, to what, and what it does to the entries of the managers.

use kinglet_api_schema::Schema;
use serde_json::Value;

use super::error::ApplyError;
use super::last_applied;
use super::managers::{Entry, Manager, Managers, Operation};
use super::ownership::Ownership;
use super::set::FieldSet;
use super::types::Type;

/// Fields that nobody owns.
pub(super) const NEVER_OWNED: [&str; 12] = [
    "apiVersion",
    "kind",
    "metadata",
    "metadata.name",
    "metadata.namespace",
    "metadata.creationTimestamp",
    "metadata.selfLink",
    "metadata.uid",
    "metadata.clusterName",
    "metadata.generation",
    "metadata.managedFields",
    "metadata.resourceVersion",
];

/// Who writes, and to what.
#[derive(Clone, Copy, Debug)]
pub struct Write<'a> {
    /// `apiVersion` of the request's resource.
    pub api_version: &'a str,
    /// The kind of the objects.
    pub kind: &'a str,
    /// The schema of the kind; without one, maps merge and lists are replaced.
    pub schema: Option<Schema<'a>>,
    /// The field manager.
    pub manager: &'a str,
    /// The subresource written through, for instance `status`.
    pub subresource: Option<&'a str>,
    /// Dotted paths of fields that this resource or subresource cannot change, for instance `status`: nobody
    /// comes to own them.
    pub reset: &'a [&'a str],
    /// The present time, RFC 3339 in UTC with seconds.
    pub now: &'a str,
}

impl<'a> Write<'a> {
    /// The rules of the kind.
    pub(super) fn ownership(&self) -> Ownership<'a> {
        Ownership {
            ty: self.schema.map_or(Type::Deduced, Type::of),
            reset: FieldSet::of_fields(self.reset),
        }
    }

    fn id(&self, operation: Operation) -> Manager {
        Manager::new(
            self.manager,
            operation,
            self.api_version,
            self.subresource.unwrap_or_default(),
        )
    }

    /// Gives what an update changed to its manager.
    pub(super) fn record(
        &self,
        ownership: &Ownership<'_>,
        old: &Value,
        new: &Value,
        managers: &mut Managers,
    ) {
        // Go's structs do not tell null from a field that is not set.
        let changed = if ownership.ty.is_built_in() {
            ownership.update(&without_nulls(old), &without_nulls(new), managers)
        } else {
            ownership.update(old, new, managers)
        };
        let changed = changed.difference(&FieldSet::of_fields(&NEVER_OWNED));
        if changed.is_empty() {
            return;
        }
        let entry = managers
            .0
            .entry(self.id(Operation::Update))
            .or_insert_with(|| Entry::new(self.api_version));
        entry.fields = entry.fields.union(&changed);
        entry.time = Some(self.now.to_owned());
    }

    /// The live object with the configuration in it.
    pub(super) fn merge(
        &self,
        ownership: &Ownership<'_>,
        live: &Value,
        applied: &Value,
        managers: &mut Managers,
        force: bool,
    ) -> Result<Value, ApplyError> {
        let id = self.id(Operation::Apply);
        let before = managers.clone();
        let entry = || Entry::new(self.api_version);
        let merged = match ownership.apply(live, applied, managers, &id, entry(), force) {
            Err(conflicts) if self.manager == last_applied::KUBECTL => {
                let Some(own) = last_applied::own_fields(live, self.api_version, ownership.ty) else {
                    return Err(conflicts.into());
                };
                if let Some(others) = conflicts.without(&own) {
                    return Err(others.into());
                }
                // The attempt that met conflicts has changed entries.
                *managers = before;
                ownership.apply(live, applied, managers, &id, entry(), true)?
            }
            merged => merged?,
        };
        if let Some(entry) = managers.0.get_mut(&id) {
            entry.fields = entry.fields.difference(&FieldSet::of_fields(&NEVER_OWNED));
            if merged.is_some() {
                entry.time = Some(self.now.to_owned());
            }
        }
        managers.0.retain(|_, entry| !entry.fields.is_empty());
        Ok(merged.unwrap_or_else(|| live.clone()))
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), without_nulls(value)))
            .collect(),
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}
