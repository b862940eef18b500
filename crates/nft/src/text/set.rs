//! Prints sets and maps.

use super::context::Context;
use super::element;
use super::time::time;
use crate::object::{Element, Family, MapData, Set};
use crate::statement::Key;
use crate::types::DataType;

/// What separates elements that go into separate lines; they are aligned behind `elements = { `.
const NEXT_LINE: &str = ",\n\t\t\t     ";

/// A set or map with its elements.
pub(super) fn block(set: &Set, elements: &[Element]) -> String {
    let word = if set.data.is_some() { "map" } else { "set" };
    let mut lines = format!("\t{word} {} {{\n\t\t{}\n", set.name, types(set));
    for property in properties(set) {
        lines += &format!("\t\t{property}\n");
    }
    if !elements.is_empty() {
        lines += &format!("\t\telements = {{ {} }}\n", wrapped(set, elements));
    }
    lines + "\t}\n"
}

fn types(set: &Set) -> String {
    let key = match &set.typeof_key {
        Some(key) => format!("typeof {}", fields(key)),
        None => format!("type {}", names(&set.key)),
    };
    match (&set.data, &set.typeof_data) {
        (None, _) => key,
        (Some(MapData::Verdict), _) => key + " : verdict",
        (Some(MapData::Types(_)), Some(data)) if set.typeof_key.is_some() => {
            format!("{key} : {}", fields(data))
        }
        (Some(MapData::Types(types)), _) => format!("{key} : {}", names(types)),
    }
}

fn names(types: &[DataType]) -> String {
    let names: Vec<&str> = types.iter().map(|one| one.name()).collect();
    names.join(" . ")
}

fn fields(key: &Key) -> String {
    Context::new(Family::Inet).key(key)
}

fn properties(set: &Set) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(set.size.map(|size| format!("size {size}")));
    lines.extend(flags(set));
    if set.counters {
        lines.push("counter".into());
    }
    lines.extend(set.timeout.map(|timeout| format!("timeout {}", time(timeout))));
    lines.extend(
        set.gc_interval
            .map(|interval| format!("gc-interval {}", time(interval))),
    );
    if set.auto_merge {
        lines.push("auto-merge".into());
    }
    lines.extend(
        set.comment
            .as_ref()
            .map(|comment| format!("comment \"{comment}\"")),
    );
    lines
}

/// The flags; a timeout for all elements says that they have one, unless there are other flags.
fn flags(set: &Set) -> Option<String> {
    let timeouts = set.timeouts || set.timeout.is_some();
    let others = set.constant || set.dynamic || set.interval;
    if !others && (!timeouts || set.timeout.is_some()) {
        return None;
    }
    let flags = [
        (set.constant, "constant"),
        (set.dynamic, "dynamic"),
        (set.interval, "interval"),
        (timeouts, "timeout"),
    ];
    let wanted = flags.iter().filter(|(wanted, _)| *wanted);
    let words: Vec<&str> = wanted.map(|(_, word)| *word).collect();
    Some(format!("flags {}", words.join(",")))
}

/// The elements in order, as many in a line as `nft` puts there for the type of the key.
fn wrapped(set: &Set, elements: &[Element]) -> String {
    let per_line = per_line(&set.key);
    let mut text = String::new();
    for (index, one) in element::sorted(set, elements).into_iter().enumerate() {
        if index > 0 {
            text += if index % per_line == 0 { NEXT_LINE } else { ", " };
        }
        text += &element::text(one, set.counters);
    }
    text
}

fn per_line(key: &[DataType]) -> usize {
    let [single] = key else { return 1 };
    match single {
        DataType::Ipv4Addr | DataType::CtState | DataType::CtStatus => 2,
        DataType::InetProto | DataType::InetService | DataType::Mark | DataType::IfIndex => 5,
        DataType::NfProto | DataType::CtDirection | DataType::Integer => 5,
        _ => 1,
    }
}
