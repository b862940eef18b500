//! What changed between two objects.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::path::{self, PathElement};
use super::set::FieldSet;
use super::types::{Identity, List, Shape, Type};

/// The changed fields; each in one of the sets only.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// In the old object only.
    pub(super) removed: FieldSet,
    /// In both, with different values.
    pub(super) modified: FieldSet,
    /// In the new object only.
    pub(super) added: FieldSet,
}

impl Changes {
    /// The changes from `old` to `new`.
    pub(super) fn between(old: &Value, new: &Value, ty: Type<'_>) -> Self {
        let mut changes = Self::default();
        changes.value(Some(old), Some(new), ty, &mut Vec::new());
        changes
    }

    /// Without fields, and all below them.
    pub(super) fn without(&self, fields: &FieldSet) -> Self {
        Self {
            removed: self.removed.recursive_difference(fields),
            modified: self.modified.recursive_difference(fields),
            added: self.added.recursive_difference(fields),
        }
    }

    /// The fields that the new object has and that the old one had not, or with another value.
    pub(super) fn set(&self) -> FieldSet {
        self.modified.union(&self.added)
    }

    fn value(&mut self, old: Option<&Value>, new: Option<&Value>, ty: Type<'_>, path: &mut Vec<PathElement>) {
        if old.is_none() && new.is_none() {
            return;
        }
        let (was, is) = (ty.shape(old), ty.shape(new));
        let same = std::mem::discriminant(&was) == std::mem::discriminant(&is);
        let shape = if new.is_none() {
            was
        } else {
            // A value that changed its shape counts in both.
            if old.is_some() && !same {
                self.shape(was, old, new, ty, path);
            }
            is
        };
        let leaf = self.shape(shape, old, new, ty, path);
        if !leaf && old.is_none() {
            self.added.insert(path);
        } else if !leaf && new.is_none() {
            self.removed.insert(path);
        }
    }

    /// Compares by one shape; says whether the value is a leaf.
    fn shape(
        &mut self,
        shape: Shape<'_>,
        old: Option<&Value>,
        new: Option<&Value>,
        ty: Type<'_>,
        path: &mut Vec<PathElement>,
    ) -> bool {
        match shape {
            Shape::Scalar(_) | Shape::Map { atomic: true } => self.leaf(old, new, path),
            Shape::List(list) => {
                let (left, right) = (items_of(old), items_of(new));
                if list.identity == Identity::None || (left.is_empty() && right.is_empty()) {
                    return self.leaf(old, new, path);
                }
                self.items(left, right, &list, path);
                false
            }
            Shape::Map { .. } => {
                let empty = |value: Option<&Value>| {
                    value
                        .and_then(Value::as_object)
                        .is_none_or(|fields| fields.is_empty() && ty.always_shown().is_empty())
                };
                if empty(old) && empty(new) {
                    return self.leaf(old, new, path);
                }
                self.fields(old, new, ty, path);
                false
            }
        }
    }

    fn leaf(&mut self, old: Option<&Value>, new: Option<&Value>, path: &[PathElement]) -> bool {
        match (old, new) {
            (None, _) => self.added.insert(path),
            (_, None) => self.removed.insert(path),
            (Some(old), Some(new)) if path::compare(old, new).is_ne() => self.modified.insert(path),
            _ => {}
        }
        true
    }

    fn fields<'v>(
        &mut self,
        old: Option<&'v Value>,
        new: Option<&'v Value>,
        ty: Type<'v>,
        path: &mut Vec<PathElement>,
    ) {
        let shown = ty.always_shown();
        let names_of = |value: Option<&Value>| -> Vec<String> {
            let fields = value.and_then(Value::as_object);
            fields.into_iter().flat_map(Map::keys).cloned().collect()
        };
        let mut names: BTreeSet<_> = names_of(old).into_iter().chain(names_of(new)).collect();
        names.extend(shown.iter().map(|(name, _)| (*name).to_owned()));
        for name in names {
            let shown = shown.iter().find(|(shown, _)| *shown == name);
            let get = |map: Option<&'v Value>| {
                let set = map?.as_object()?.get(&name);
                set.or(shown.map(|(_, value)| *value))
            };
            let (mut left, mut right) = (get(old), get(new));
            let zero = || ty.zero(&name);
            if old.is_some_and(Value::is_object) && right.is_some() {
                left = left.or_else(zero);
            }
            if new.is_some_and(Value::is_object) && left.is_some() {
                right = right.or_else(zero);
            }
            if let Some(ty) = ty.field(&name) {
                path.push(PathElement::field(&name));
                self.value(left, right, ty, path);
                path.pop();
            }
        }
    }

    fn items(&mut self, old: &[Value], new: &[Value], list: &List<'_>, path: &mut Vec<PathElement>) {
        let (mut left, mut right) = (by_element(old, list), by_element(new, list));
        let elements: BTreeSet<_> = left.keys().chain(right.keys()).cloned().collect();
        for element in elements {
            let old = left.remove(&element).unwrap_or_default();
            let new = right.remove(&element).unwrap_or_default();
            path.push(element);
            // Items that stand more than once share a name, and count as one.
            match (old.as_slice(), new.as_slice()) {
                ([] | [_], [] | [_]) => {
                    self.value(old.first().copied(), new.first().copied(), list.item, path);
                }
                ([_, _, ..], [_, _, ..]) => {
                    if old != new {
                        self.modified.insert(path);
                    }
                }
                ([_, _, ..], rest) => {
                    if let [only] = rest {
                        self.value(None, Some(only), list.item, path);
                    }
                    self.removed.insert(path);
                }
                (rest, _) => {
                    if let [only] = rest {
                        self.value(Some(only), None, list.item, path);
                    }
                    self.added.insert(path);
                }
            }
            path.pop();
        }
    }
}

fn items_of(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn by_element<'v>(items: &'v [Value], list: &List<'_>) -> BTreeMap<PathElement, Vec<&'v Value>> {
    let mut named: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for item in items {
        if let Ok(element) = list.element(item) {
            named.entry(element).or_default().push(item);
        }
    }
    named
}
