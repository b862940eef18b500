//! Merging an applied configuration into the live object. Nothing is removed here.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Map, Value};

use super::path::PathElement;
use super::types::{Identity, List, Shape, Type};

/// The live value with everything that the configuration says.
pub(super) fn merge(live: &Value, applied: &Value, ty: Type<'_>) -> Value {
    let empty = Map::new();
    match ty.shape(Some(applied)) {
        Shape::Scalar(_) | Shape::Map { atomic: true } => applied.clone(),
        Shape::Map { .. } => {
            let ours = applied.as_object().unwrap_or(&empty);
            let theirs = live.as_object().unwrap_or(&empty);
            if ours.is_empty() && theirs.is_empty() {
                return applied.clone();
            }
            let mut merged = theirs.clone();
            for (name, value) in ours {
                let value = match (theirs.get(name), ty.field(name)) {
                    (Some(old), Some(ty)) => merge(old, value, ty),
                    _ => value.clone(),
                };
                merged.insert(name.clone(), value);
            }
            Value::Object(merged)
        }
        Shape::List(list) => {
            let ours = applied.as_array().map_or(&[][..], Vec::as_slice);
            let theirs = live.as_array().map_or(&[][..], Vec::as_slice);
            if list.identity == Identity::None || (ours.is_empty() && theirs.is_empty()) {
                return applied.clone();
            }
            Value::Array(merge_items(theirs, ours, &list))
        }
    }
}

/// Items of a list by name. A name that stands more than once has no item to merge with.
struct Named<'v> {
    order: Vec<(PathElement, &'v Value)>,
    items: BTreeMap<PathElement, Option<&'v Value>>,
}

impl<'v> Named<'v> {
    fn new(items: &'v [Value], list: &List<'_>) -> Self {
        let order: Vec<_> = items
            .iter()
            .filter_map(|item| Some((list.element(item).ok()?, item)))
            .collect();
        let mut items = BTreeMap::new();
        for (element, item) in &order {
            let once = !items.contains_key(element);
            items.insert(element.clone(), once.then_some(*item));
        }
        Self { order, items }
    }
}

/// Both lists interleaved: shared items in the order of the configuration, the others as near as possible to
/// where they stood.
fn merge_items(live: &[Value], applied: &[Value], list: &List<'_>) -> Vec<Value> {
    let (theirs, ours) = (Named::new(live, list), Named::new(applied, list));
    let merged_item = |element: &PathElement, item: &Value| match theirs.items.get(element) {
        Some(Some(old)) => merge(old, item, list.item),
        _ => item.clone(),
    };
    let shared = ours.order.iter().map(|(element, _)| element);
    let mut shared: VecDeque<_> = shared
        .filter(|element| theirs.items.contains_key(element))
        .collect();
    let mut done = BTreeSet::new();
    let mut merged = Vec::with_capacity(live.len().max(applied.len()));
    let (mut left, mut right) = (0, 0);
    loop {
        let their = theirs.order.get(left);
        let our = ours.order.get(right);
        match (their, our) {
            (None, None) => return merged,
            (Some((element, _)), Some((next, item))) if element == next => {
                merged.push(merged_item(element, item));
                done.insert(element);
                shared.pop_front();
                (left, right) = (left + 1, right + 1);
                continue;
            }
            // An item that the configuration has elsewhere, and which is not its turn.
            (Some((element, _)), Some(_))
                if ours.items.contains_key(element)
                    && shared.front().is_some_and(|next| *next != element) =>
            {
                left += 1;
                continue;
            }
            _ => {}
        }
        if let Some((element, item)) = their {
            if !ours.items.contains_key(element) {
                merged.push((*item).clone());
                left += 1;
                continue;
            }
            left += usize::from(done.contains(element));
        }
        if let Some((element, item)) = our {
            merged.push(merged_item(element, item));
            done.insert(element);
            right += 1;
            if shared.front() == Some(&element) {
                shared.pop_front();
            }
        }
    }
}
