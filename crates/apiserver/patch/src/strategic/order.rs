//! The order of merged lists: items of the patch in the patch's order, the others between them as they stood.

use serde_json::Value;

use super::directive::{DIRECTIVE, merge_key_of};
use crate::error::PatchError;

/// An item with its place in a list of reference, if it has one.
type Placed = (Option<usize>, Value);

/// Whether two items are the same one, by merge key or, where that is empty, by value.
pub(super) fn same(left: &Value, right: &Value, merge_key: &str) -> Result<bool, PatchError> {
    if merge_key.is_empty() {
        return Ok(left == right);
    }
    Ok(merge_key_of(left, merge_key)? == merge_key_of(right, merge_key)?)
}

/// Orders merged items: those that `ours` names by `our_order`, the others by `server_order`, the others put
/// before the first of ours that stood behind them.
pub(super) fn normalize(
    merged: Vec<Value>,
    ours: &[Value],
    our_order: &[Value],
    server_order: &[Value],
    merge_key: &str,
) -> Result<Vec<Value>, PatchError> {
    let mut patch_items = Vec::new();
    let mut server_items = Vec::new();
    for item in merged {
        if place(ours, &item, merge_key)?.is_some() {
            patch_items.push(item);
        } else {
            server_items.push(item);
        }
    }
    let patch_items = sorted(patch_items, our_order, merge_key)?;
    let server_items = sorted(server_items, server_order, merge_key)?;
    interleave(server_items, patch_items, server_order, merge_key)
}

/// The place of an item in a list.
fn place(list: &[Value], item: &Value, merge_key: &str) -> Result<Option<usize>, PatchError> {
    for (index, one) in list.iter().enumerate() {
        if !merge_key.is_empty() && !one.is_object() {
            let message = format!("value for key {index} is not a map");
            return Err(PatchError::Contradictory(message));
        }
        if same(one, item, merge_key)? {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// Sorts items by their places in `order`; items to be deleted go last. An item without a place goes before
/// the one it is compared with, so that the result depends on the way of sorting: by insertion.
fn sorted(items: Vec<Value>, order: &[Value], merge_key: &str) -> Result<Vec<Value>, PatchError> {
    let is_deleted = |item: &Value| item.get(DIRECTIVE).and_then(Value::as_str) == Some("delete");
    let (deleted, kept): (Vec<_>, Vec<_>) = items.into_iter().partition(is_deleted);
    let mut placed: Vec<Placed> = Vec::with_capacity(kept.len());
    for item in kept {
        let at = place(order, &item, merge_key)?;
        let before = |(other, _): &Placed| match (at, other) {
            (Some(at), Some(other)) => at < *other,
            _ => true,
        };
        let stays = placed.iter().rposition(|other| !before(other));
        placed.insert(stays.map_or(0, |index| index + 1), (at, item));
    }
    Ok(placed.into_iter().map(|(_, item)| item).chain(deleted).collect())
}

/// Puts the items of `left` between those of `right`, each before the first that stood behind it on the
/// server.
fn interleave(
    left: Vec<Value>,
    right: Vec<Value>,
    server_order: &[Value],
    merge_key: &str,
) -> Result<Vec<Value>, PatchError> {
    let mut all = Vec::with_capacity(left.len() + right.len());
    let mut left = left.into_iter().peekable();
    for item in right {
        let here = place(server_order, &item, merge_key)?;
        while let Some(other) = left.peek() {
            let there = place(server_order, other, merge_key)?;
            let stood_before = matches!((there, here), (Some(there), Some(here)) if there < here);
            if !stood_before {
                break;
            }
            all.extend(left.next());
        }
        all.push(item);
    }
    all.extend(left);
    Ok(all)
}
