//! How ownership moves: what an applied configuration removes, what a change takes from others.

use serde_json::{Map, Value};

use super::compare::Changes;
use super::error::Conflicts;
use super::fields::fields_of;
use super::managers::{Entry, Manager, Managers};
use super::merge::merge;
use super::path;
use super::remove::{drop_emptied, remove, with_named_fields};
use super::set::FieldSet;
use super::types::Type;

/// The rules for one kind.
pub(super) struct Ownership<'a> {
    /// The type of the objects.
    pub(super) ty: Type<'a>,
    /// Fields that writes through this resource or subresource cannot change, so that nobody comes to own
    /// them by one.
    pub(super) reset: FieldSet,
}

impl Ownership<'_> {
    /// Applies a configuration: the resulting object, or `None` where it is the live one. `entry` becomes the
    /// manager's entry.
    pub(super) fn apply(
        &self,
        live: &Value,
        applied: &Value,
        managers: &mut Managers,
        id: &Manager,
        mut entry: Entry,
        force: bool,
    ) -> Result<Option<Value>, Conflicts> {
        let merged = merge(live, applied, self.ty);
        let last = managers.0.remove(id).unwrap_or_else(|| entry.clone());
        entry.fields = fields_of(applied, self.ty).recursive_difference(&self.reset);
        // An apply that changes nothing leaves the time.
        entry.time = last.time;
        managers.0.insert(id.clone(), entry);
        let mut new = self.pruned(&merged, managers, &last.fields);
        self.take(live, &new, managers, Some(id), force)?;
        drop_emptied(&mut new, &merged, self.ty);
        Ok(path::compare(live, &new).is_ne().then_some(new))
    }

    /// Takes the fields that a write changed from everybody: the changed fields that the object has now.
    pub(super) fn update(&self, old: &Value, new: &Value, managers: &mut Managers) -> FieldSet {
        let changes = self.take(old, new, managers, None, true);
        changes.map(|changes| changes.set()).unwrap_or_default()
    }

    /// Takes changed fields from all other managers, and forgets managers that own nothing more.
    fn take(
        &self,
        old: &Value,
        new: &Value,
        managers: &mut Managers,
        id: Option<&Manager>,
        force: bool,
    ) -> Result<Changes, Conflicts> {
        let changes = Changes::between(old, new, self.ty).without(&self.reset);
        let set = changes.set();
        let others = managers.0.iter().filter(|(other, _)| Some(*other) != id);
        let conflicts = others.map(|(other, entry)| (other.clone(), entry.fields.intersection(&set)));
        let conflicts: Vec<_> = conflicts.filter(|(_, fields)| !fields.is_empty()).collect();
        if !force && !conflicts.is_empty() {
            return Err(Conflicts(conflicts));
        }
        managers.0.retain(|other, entry| {
            if Some(other) != id {
                let left = entry.fields.difference(&set);
                entry.fields = left.difference(&changes.removed);
            }
            !entry.fields.is_empty()
        });
        Ok(changes)
    }

    /// Removes what the manager applied last time, does not apply now, and nobody else owns.
    fn pruned(&self, merged: &Value, managers: &Managers, last: &FieldSet) -> Value {
        if last.is_empty() {
            return merged.clone();
        }
        let named = |set: &FieldSet| with_named_fields(set, Some(self.ty));
        let fields = |value: &Value| named(&fields_of(value, self.ty));
        let without = |removed: &FieldSet| remove(merged, removed, self.ty);
        let (all, last) = (fields(merged), named(last));
        let pruned = without(&last);
        let kept = fields(&pruned).union(&named(&managers.all_fields()));
        let pruned = without(&all.difference(&kept));
        // Fields that nobody owns, or only by an update, were not ours to remove.
        let gone = all.difference(&fields(&pruned));
        match without(&gone.intersection(&last)) {
            Value::Null => Value::Object(Map::new()),
            pruned => pruned,
        }
    }
}
