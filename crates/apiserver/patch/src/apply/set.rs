//! Sets of fields, and their JSON form `fieldsV1`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::path::PathElement;

/// A set of paths, as a tree. A path in the set says nothing of the paths above and below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FieldSet {
    /// Paths of one element.
    pub(super) members: BTreeSet<PathElement>,
    /// Longer paths, by their first element; never an empty set.
    pub(super) children: BTreeMap<PathElement, FieldSet>,
}

impl FieldSet {
    /// The set of some dotted paths of fields.
    pub(super) fn of_fields(paths: &[&str]) -> Self {
        let mut set = Self::default();
        for path in paths {
            let path: Vec<_> = path.split('.').map(PathElement::field).collect();
            set.insert(&path);
        }
        set
    }

    /// Adds a path; the empty path, the whole object, is not tracked.
    pub(super) fn insert(&mut self, path: &[PathElement]) {
        match path {
            [] => {}
            [last] => {
                self.members.insert(last.clone());
            }
            [first, rest @ ..] => self.children.entry(first.clone()).or_default().insert(rest),
        }
    }

    /// Whether the set holds nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.children.values().all(Self::is_empty)
    }

    /// All paths, shorter ones first within each node.
    pub(super) fn paths(&self) -> Vec<Vec<PathElement>> {
        let mut paths: Vec<_> = self.members.iter().map(|member| vec![member.clone()]).collect();
        for (element, child) in &self.children {
            paths.extend(child.paths().into_iter().map(|rest| {
                let mut path = vec![element.clone()];
                path.extend(rest);
                path
            }));
        }
        paths
    }

    /// Paths that are in either set.
    pub(super) fn union(&self, other: &Self) -> Self {
        let mut union = self.clone();
        union.members.extend(other.members.iter().cloned());
        for (element, child) in &other.children {
            let merged = match union.children.get(element) {
                Some(own) => own.union(child),
                None => child.clone(),
            };
            union.children.insert(element.clone(), merged);
        }
        union
    }

    /// Paths that are in both sets.
    pub(super) fn intersection(&self, other: &Self) -> Self {
        let children = self.children.iter().filter_map(|(element, child)| {
            let common = child.intersection(other.children.get(element)?);
            (!common.is_empty()).then(|| (element.clone(), common))
        });
        Self {
            children: children.collect(),
            members: self.members.intersection(&other.members).cloned().collect(),
        }
    }

    /// Paths of this set that are not in the other.
    pub(super) fn difference(&self, other: &Self) -> Self {
        self.without(other, false)
    }

    /// Paths of this set that are neither in the other nor below one of the other.
    pub(super) fn recursive_difference(&self, other: &Self) -> Self {
        self.without(other, true)
    }

    fn without(&self, other: &Self, recursive: bool) -> Self {
        let children = self.children.iter().filter_map(|(element, child)| {
            if recursive && other.members.contains(element) {
                return None;
            }
            let rest = match other.children.get(element) {
                Some(removed) => child.without(removed, recursive),
                None => child.clone(),
            };
            (!rest.is_empty()).then(|| (element.clone(), rest))
        });
        Self {
            children: children.collect(),
            members: self.members.difference(&other.members).cloned().collect(),
        }
    }

    /// The JSON form: a tree of encoded elements, `.` where a path with longer ones below it is itself in the
    /// set.
    pub(super) fn encoded(&self) -> Value {
        let mut fields = Map::new();
        let elements: BTreeSet<_> = self.members.iter().chain(self.children.keys()).collect();
        for element in elements {
            let mut below = Map::new();
            if let Some(child) = self.children.get(element) {
                if self.members.contains(element) {
                    below.insert(".".into(), Value::Object(Map::new()));
                }
                if let Value::Object(encoded) = child.encoded() {
                    below.extend(encoded);
                }
            }
            fields.insert(element.encoded(), Value::Object(below));
        }
        Value::Object(fields)
    }

    /// Reads the JSON form; elements of an unknown kind are dropped. `None` when it is no tree.
    pub(super) fn decode(fields: &Value) -> Option<Self> {
        let mut set = Self::default();
        for (text, below) in fields.as_object()? {
            if text == "." {
                continue;
            }
            let Some(element) = PathElement::parse(text) else {
                // Kinds of a later version are passed over, a malformed element of a known one is none.
                match text.split_once(':') {
                    Some(("f" | "v" | "k" | "i", _)) | None => return None,
                    Some(_) => continue,
                }
            };
            let child = Self::decode(below)?;
            let is_leaf = child.members.is_empty() && child.children.is_empty();
            if is_leaf || below.get(".").is_some() {
                set.members.insert(element.clone());
            }
            if !is_leaf {
                set.children.insert(element, child);
            }
        }
        Some(set)
    }
}
