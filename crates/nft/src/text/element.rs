//! Prints elements, and puts them in order.

use std::cmp::Ordering;

use super::time::time;
use super::value::{data, ranges};
use crate::object::{Element, Mapped, Set};
use crate::types::Order;

/// An element; with its counter where the set has counters.
pub(super) fn text(element: &Element, counters: bool) -> String {
    let mut text = ranges(&element.key, element.last.as_ref());
    if counters {
        let (packets, bytes) = element.counter.unwrap_or_default();
        text += &format!(" counter packets {packets} bytes {bytes}");
    }
    if let Some(timeout) = element.timeout {
        text += &format!(" timeout {}", time(timeout));
    }
    if let Some(expires) = element.expires {
        text += &format!(" expires {}", time(expires));
    }
    if let Some(comment) = &element.comment {
        text += &format!(" comment \"{comment}\"");
    }
    match &element.mapped {
        Some(Mapped::Verdict(verdict)) => text + &format!(" : {verdict}"),
        Some(Mapped::Data(mapped)) => text + &format!(" : {}", data(mapped)),
        None => text,
    }
}

/// Elements that are part of a rule, with a key like that of the set.
pub(super) fn anonymous(mut set: Set, elements: &[Element]) -> String {
    set.interval = elements.iter().any(|element| element.last.is_some());
    let texts: Vec<String> = sorted(&set, elements)
        .into_iter()
        .map(|element| text(element, false))
        .collect();
    format!("{{ {} }}", texts.join(", "))
}

/// The elements in the order in which `nft` prints them. Ranges of concatenations stay as they were added.
pub(super) fn sorted<'a>(set: &Set, elements: &'a [Element]) -> Vec<&'a Element> {
    let mut sorted: Vec<&Element> = elements.iter().collect();
    // `nft` sorts hash sets and trees, but not what the kernel keeps as ranges of concatenations.
    if !set.concatenated_intervals() {
        sorted.sort_by(|one, other| compare(set, one, other));
    }
    sorted
}

/// Values in network order compare from their first octet. All others, and concatenations without the padding
/// of their parts, compare from their last.
fn compare(set: &Set, one: &Element, other: &Element) -> Ordering {
    let octets =
        |element: &Element| -> Vec<u8> { element.key.0.iter().flat_map(|part| part.encode()).collect() };
    let (one, other) = (octets(one), octets(other));
    match set.key.as_slice() {
        [single] if single.order() == Order::Network => one.cmp(&other),
        _ => one.iter().rev().cmp(other.iter().rev()),
    }
}
