//! Merging lists: items pair by the merge key, scalars by value.

use kinglet_api_schema::Schema;
use serde_json::Value;

use super::directive::{
    DIRECTIVE, Object, merge_key_of, not_a_list, not_a_map, unknown_directive, without_directives,
};
use super::field::Field;
use super::order;
use crate::error::{PatchError, shown_list};

/// How items that are maps merge: maps hold lists and lists hold maps, so that each is handed the other.
pub(super) type MergeMaps = fn(Object, Object, Option<Schema<'_>>) -> Result<Object, PatchError>;

/// Merges the items of a patch into a list.
pub(super) fn merge(
    original: Vec<Value>,
    patch: Vec<Value>,
    field: Field<'_>,
    maps: MergeMaps,
) -> Result<Vec<Value>, PatchError> {
    if original.is_empty() && patch.is_empty() {
        return Ok(original);
    }
    if !holds_maps(&original, &patch)? {
        let merged = unique(original.iter().chain(&patch).cloned().collect());
        return order::normalize(merged, &patch, &patch, &original, field.merge_key);
    }
    if field.merge_key.is_empty() {
        return Err(PatchError::Contradictory(
            "cannot merge lists without merge key for struct".into(),
        ));
    }
    let (original, patch) = obey_directives(original, patch, field.merge_key)?;
    let merged = merge_items(original.clone(), &patch, field, maps)?;
    order::normalize(merged, &patch, &patch, &original, field.merge_key)
}

/// Merges a list whose order the patch tells; `None` when neither the object nor the patch has it.
pub(super) fn merge_ordered(
    original: Option<&Value>,
    patch: Option<&Value>,
    wanted: &[Value],
    field: Field<'_>,
    maps: MergeMaps,
) -> Result<Option<Vec<Value>>, PatchError> {
    let items = |list: Option<&Value>| match list {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => Ok(items.clone()),
        Some(other) => Err(not_a_list(other)),
    };
    let (old, new) = (items(original)?, items(patch)?);
    check_order(&new, wanted, field.merge_key)?;
    let merged = match (original, patch) {
        (None, None) => return Ok(None),
        (Some(_), None) => old.clone(),
        (None, Some(_)) => new.iter().cloned().filter_map(without_directives).collect(),
        (Some(_), Some(_)) if field.list_merges() => merge(old.clone(), new.clone(), field, maps)?,
        (Some(_), Some(_)) => new.clone(),
    };
    if old.is_empty() && new.is_empty() {
        return Err(PatchError::Contradictory(
            "no elements in any of the given slices".into(),
        ));
    }
    let of_maps = holds_maps(&old, &new)?;
    let places = if of_maps && field.list_merges() {
        places_after(&old, &new, field.merge_key)
    } else {
        old
    };
    order::normalize(merged, wanted, wanted, &places, field.merge_key).map(Some)
}

/// The server's order after a merge. Where the patch deletes items, its first new items take the places that
/// become free at the end: an effect of how upstream reuses memory, kept because it shows in the result.
fn places_after(old: &[Value], patch: &[Value], merge_key: &str) -> Vec<Value> {
    let same = |a: &Value, b: &Value| a.get(merge_key) == b.get(merge_key);
    let directive = |item: &Value| item.get(DIRECTIVE).is_some();
    let deleted = |item: &&Value| patch.iter().any(|one| directive(one) && same(one, item));
    let new = |item: &&Value| !directive(item) && !old.iter().any(|one| same(one, item));
    let kept = old.iter().filter(|item| !deleted(item));
    let places = kept.chain(patch.iter().filter(new)).take(old.len());
    places.cloned().collect()
}

/// A list without some of its items.
pub(super) fn without(
    items: &[Value],
    removed: &[Value],
    field: Field<'_>,
    maps: MergeMaps,
) -> Result<Vec<Value>, PatchError> {
    if items.is_empty() && removed.is_empty() {
        return Ok(Vec::new());
    }
    if holds_maps(items, removed)? {
        return merge(items.to_vec(), removed.to_vec(), field, maps);
    }
    let kept = items.iter().filter(|item| !removed.contains(item));
    Ok(kept.cloned().collect())
}

/// Whether the items are maps; all must be of one type.
fn holds_maps(original: &[Value], patch: &[Value]) -> Result<bool, PatchError> {
    let mut all = original.iter().chain(patch);
    let Some(first) = all.next() else {
        return Ok(false);
    };
    if first.is_array() {
        return Err(PatchError::rejected("lists of lists are not supported"));
    }
    if all.any(|item| std::mem::discriminant(item) != std::mem::discriminant(first)) {
        return Err(PatchError::Contradictory(format!(
            "list element types are not identical: [{} {}]",
            shown_list(original),
            shown_list(patch)
        )));
    }
    Ok(first.is_object())
}

/// Each value once: a later double gives its place to the last value of the list.
fn unique(mut values: Vec<Value>) -> Vec<Value> {
    let mut first = 0;
    while first < values.len() {
        let mut other = first + 1;
        while other < values.len() {
            if values.get(first) == values.get(other) {
                // As `uniquifyScalars` of upstream: the order shows in the result.
                values.swap_remove(other);
            } else {
                other += 1;
            }
        }
        first += 1;
    }
    values
}

/// Removes items that the patch deletes, and takes the directives out of the patch.
fn obey_directives(
    mut original: Vec<Value>,
    patch: Vec<Value>,
    merge_key: &str,
) -> Result<(Vec<Value>, Vec<Value>), PatchError> {
    let mut kept = Vec::with_capacity(patch.len());
    let mut replace = false;
    for item in patch {
        match item.get(DIRECTIVE) {
            None => kept.push(item),
            Some(directive) => match directive.as_str() {
                Some("delete") => {
                    let key = merge_key_of(&item, merge_key)?;
                    original.retain(|one| one.get(merge_key) != Some(key));
                }
                Some("replace") => replace = true,
                Some("merge") => {
                    let message = "merging lists cannot yet be specified in the patch";
                    return Err(PatchError::Contradictory(message.into()));
                }
                _ => {
                    let fields = item.as_object().cloned().unwrap_or_default();
                    return Err(unknown_directive(directive, fields));
                }
            },
        }
    }
    Ok(if replace {
        (kept, Vec::new())
    } else {
        (original, kept)
    })
}

fn merge_items(
    mut items: Vec<Value>,
    patch: &[Value],
    field: Field<'_>,
    maps: MergeMaps,
) -> Result<Vec<Value>, PatchError> {
    for item in patch {
        let key = merge_key_of(item, field.merge_key)?;
        let same = items.iter_mut().find(|one| one.get(field.merge_key) == Some(key));
        match same {
            Some(old) => {
                let merged = maps(fields_of(old)?, fields_of(item)?, field.items())?;
                *old = Value::Object(merged);
            }
            None => items.push(item.clone()),
        }
    }
    Ok(items)
}

fn fields_of(item: &Value) -> Result<Object, PatchError> {
    item.as_object().cloned().ok_or_else(|| not_a_map(item))
}

/// The items of a patch must stand in `$setElementOrder`, in the same order. Items to be deleted are left
/// out, and other directives as long as places are left.
fn check_order(patch: &[Value], wanted: &[Value], merge_key: &str) -> Result<(), PatchError> {
    if patch.is_empty() || wanted.is_empty() {
        return Ok(());
    }
    let directive = |item: &Value| item.get(DIRECTIVE).cloned();
    let mut items = patch
        .iter()
        .filter(|item| directive(item) != Some("delete".into()))
        .peekable();
    let mut places = wanted.iter().peekable();
    while let (Some(item), Some(place)) = (items.peek(), places.peek()) {
        if directive(item).is_some() {
            items.next();
            continue;
        }
        if order::same(item, place, merge_key)? {
            items.next();
        }
        places.next();
    }
    if items.next().is_none() {
        return Ok(());
    }
    Err(PatchError::Contradictory(format!(
        "The order in patch list:\n{}\n doesn't match $setElementOrder list:\n{}\n",
        shown_list(patch),
        shown_list(wanted)
    )))
}
