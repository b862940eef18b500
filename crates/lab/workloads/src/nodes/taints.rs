//! The taints that a node's conditions call for.

use jiff::Timestamp;

use super::super::objects::{Node, Taint, condition};
use super::super::placement::{
    NO_EXECUTE, NO_SCHEDULE, TAINT_DISK_PRESSURE, TAINT_MEMORY_PRESSURE, TAINT_NETWORK_UNAVAILABLE,
    TAINT_NOT_READY, TAINT_PID_PRESSURE, TAINT_UNREACHABLE, TAINT_UNSCHEDULABLE,
};

/// Conditions that are bad when they are true, and their taints.
const CONDITION_TAINTS: &[(&str, &str)] = &[
    ("MemoryPressure", TAINT_MEMORY_PRESSURE),
    ("DiskPressure", TAINT_DISK_PRESSURE),
    ("PIDPressure", TAINT_PID_PRESSURE),
    ("NetworkUnavailable", TAINT_NETWORK_UNAVAILABLE),
];
/// Taints that are ours to set and to remove.
const MANAGED: &[&str] = &[
    TAINT_NOT_READY,
    TAINT_UNREACHABLE,
    TAINT_UNSCHEDULABLE,
    TAINT_MEMORY_PRESSURE,
    TAINT_DISK_PRESSURE,
    TAINT_PID_PRESSURE,
    TAINT_NETWORK_UNAVAILABLE,
];

/// All taints that a node should have; those of others stay, and those that stay keep their age.
pub(super) fn wanted(node: &Node, now: Timestamp) -> Vec<Taint> {
    let wanted = wanted_by_conditions(node);
    let keep = |taint: &&Taint| {
        !MANAGED.contains(&&*taint.key) || wanted.iter().any(|(key, effect)| is(taint, key, effect))
    };
    let mut taints: Vec<Taint> = node.taints.iter().filter(keep).cloned().collect();
    // Times of the API are whole seconds.
    let second = Timestamp::from_second(now.as_second()).unwrap_or(now);
    for (key, effect) in wanted {
        if !taints.iter().any(|taint| is(taint, key, effect)) {
            taints.push(Taint {
                key: key.into(),
                effect: effect.into(),
                time_added: Some(second),
                ..Taint::default()
            });
        }
    }
    taints
}

fn is(taint: &Taint, key: &str, effect: &str) -> bool {
    (&*taint.key, &*taint.effect) == (key, effect)
}

/// Keys and effects. A node that has not said yet whether it is ready gets no Pods, but those that it has
/// stay.
fn wanted_by_conditions(node: &Node) -> Vec<(&'static str, &'static str)> {
    let status = |kind: &str| condition(&node.conditions, kind).map(|one| &*one.status);
    let mut wanted = match status("Ready") {
        Some("True") => Vec::new(),
        Some("False") => vec![(TAINT_NOT_READY, NO_SCHEDULE), (TAINT_NOT_READY, NO_EXECUTE)],
        Some(_) => vec![(TAINT_UNREACHABLE, NO_SCHEDULE), (TAINT_UNREACHABLE, NO_EXECUTE)],
        None => vec![(TAINT_NOT_READY, NO_SCHEDULE)],
    };
    let by_condition = CONDITION_TAINTS
        .iter()
        .filter(|(kind, _)| status(kind) == Some("True"));
    wanted.extend(by_condition.map(|(_, taint)| (*taint, NO_SCHEDULE)));
    if node.unschedulable {
        wanted.push((TAINT_UNSCHEDULABLE, NO_SCHEDULE));
    }
    wanted
}
