//! What a namespace's conditions say about its deletion (core/v1 `NamespaceConditionType`).

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::object::Condition;
use super::sweep::Sweep;

/// The conditions after a sweep. One that keeps its status keeps its time; conditions of others stay.
pub(super) fn conditions(before: &[Condition], sweep: &Sweep, now: Timestamp) -> Vec<Condition> {
    let mut conditions = before.to_vec();
    for wanted in wanted(sweep) {
        let found = conditions.iter_mut().find(|one| one.r#type == wanted.r#type);
        match found {
            Some(old) if old.status == wanted.status => {
                let last_transition_time = old.last_transition_time;
                *old = Condition {
                    last_transition_time,
                    ..wanted
                };
            }
            Some(old) => *old = at(wanted, now),
            None => conditions.push(at(wanted, now)),
        }
    }
    conditions
}

/// Kubernetes' times have whole seconds.
fn at(condition: Condition, now: Timestamp) -> Condition {
    let seconds = Timestamp::from_second(now.as_second()).unwrap_or(now);
    Condition {
        last_transition_time: Some(seconds),
        ..condition
    }
}

fn wanted(sweep: &Sweep) -> [Condition; 5] {
    let failures = (!sweep.failures.is_empty()).then(|| {
        let all = sweep.failures.join(", ");
        format!(
            "Failed to delete all resource types, {} remaining: {all}",
            sweep.failures.len()
        )
    });
    let discovery = sweep
        .discovery
        .as_ref()
        .map(|error| format!("Discovery failed: {error}"));
    [
        condition(
            "NamespaceDeletionDiscoveryFailure",
            discovery,
            "DiscoveryFailed",
            ("ResourcesDiscovered", "All resources successfully discovered"),
        ),
        condition(
            // Nothing is parsed here that could fail; Kubernetes writes the condition all the same.
            "NamespaceDeletionGroupVersionParsingFailure",
            None,
            "",
            ("ParsedGroupVersions", "All legacy kube types successfully parsed"),
        ),
        condition(
            "NamespaceDeletionContentFailure",
            failures,
            "ContentDeletionFailed",
            (
                "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization",
            ),
        ),
        condition(
            "NamespaceContentRemaining",
            remaining(&sweep.remaining),
            "SomeResourcesRemain",
            ("ContentRemoved", "All content successfully removed"),
        ),
        condition(
            "NamespaceFinalizersRemaining",
            finalizers(&sweep.finalizers),
            "SomeFinalizersRemain",
            (
                "ContentHasNoFinalizers",
                "All content-preserving finalizers finished",
            ),
        ),
    ]
}

/// A condition that is true, with this message, where there is a problem.
fn condition(kind: &str, problem: Option<String>, reason: &str, fine: (&str, &str)) -> Condition {
    let (status, reason, message) = match problem {
        Some(message) => ("True", reason, message),
        None => ("False", fine.0, fine.1.to_owned()),
    };
    Condition {
        r#type: kind.to_owned(),
        status: status.to_owned(),
        last_transition_time: None,
        reason: reason.to_owned(),
        message,
    }
}

fn remaining(remaining: &BTreeMap<String, usize>) -> Option<String> {
    let parts = remaining
        .iter()
        .map(|(resource, count)| format!("{resource} has {count} resource instances"));
    joined(parts).map(|list| format!("Some resources are remaining: {list}"))
}

fn finalizers(finalizers: &BTreeMap<String, usize>) -> Option<String> {
    let parts = finalizers
        .iter()
        .map(|(finalizer, count)| format!("{finalizer} in {count} resource instances"));
    joined(parts).map(|list| format!("Some content in the namespace has finalizers remaining: {list}"))
}

fn joined(parts: impl Iterator<Item = String>) -> Option<String> {
    let parts: Vec<String> = parts.collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sweep(pods: usize, finalizer: Option<&str>) -> Sweep {
        let mut sweep = Sweep::default();
        if pods > 0 {
            sweep.remaining.insert("pods.".to_owned(), pods);
        }
        sweep.finalizers.extend(finalizer.map(|one| (one.to_owned(), 1)));
        sweep
    }

    fn find<'a>(conditions: &'a [Condition], kind: &str) -> &'a Condition {
        conditions.iter().find(|one| one.r#type == kind).unwrap()
    }

    #[test]
    fn remaining_content_and_finalizers_are_named() {
        let found = conditions(&[], &sweep(2, Some("example.com/hold")), Timestamp::UNIX_EPOCH);
        let content = find(&found, "NamespaceContentRemaining");
        assert_eq!(
            (&*content.status, &*content.reason),
            ("True", "SomeResourcesRemain")
        );
        assert_eq!(
            content.message,
            "Some resources are remaining: pods. has 2 resource instances"
        );
        let held = find(&found, "NamespaceFinalizersRemaining");
        assert!(
            held.message.ends_with("example.com/hold in 1 resource instances"),
            "{}",
            held.message
        );
        assert_eq!(find(&found, "NamespaceDeletionContentFailure").status, "False");
    }

    #[test]
    fn only_a_change_of_status_changes_the_time() {
        let later = Timestamp::from_second(60).unwrap();
        let first = conditions(&[], &sweep(2, None), Timestamp::UNIX_EPOCH);
        assert_eq!(conditions(&first, &sweep(2, None), later), first);
        let fewer = conditions(&first, &sweep(1, None), later);
        assert_eq!(
            find(&fewer, "NamespaceContentRemaining").last_transition_time,
            Some(Timestamp::UNIX_EPOCH)
        );
        let none = conditions(&first, &sweep(0, None), later);
        let content = find(&none, "NamespaceContentRemaining");
        assert_eq!(
            (&*content.status, content.last_transition_time),
            ("False", Some(later))
        );
    }

    #[test]
    fn conditions_of_others_stay() {
        let other = Condition {
            r#type: "Other".to_owned(),
            ..Condition::default()
        };
        let found = conditions(
            std::slice::from_ref(&other),
            &Sweep::default(),
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(found.len(), 6);
        assert_eq!(found[0], other);
    }
}
