//! The rule: what becomes of an object whose owners are known to be there or not.

use kinglet_kube::Propagation;

use super::object::{FOREGROUND, Metadata, ORPHAN, Uid};

/// What is known of an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// It is there.
    Present,
    /// It is there, but waits for its dependents to go before it goes.
    AwaitingDependents,
    /// There is no such object.
    Absent,
}

/// What becomes of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Keep,
    /// It loses its references to these owners.
    Release(Vec<Uid>),
    /// It is deleted. With `unblock` it first stops to block its owners, which wait for it in a circle.
    Delete {
        how: Propagation,
        unblock: bool,
    },
}

/// What the graph knows of an object's dependents.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Dependents {
    /// There are some.
    pub(super) any: bool,
    /// One of them waits for its own dependents.
    pub(super) waiting: bool,
}

/// Decides about a living object, given the state of each of its owners in the order of its references.
pub(super) fn decide(object: &Metadata, owners: &[Owner], dependents: Dependents) -> Decision {
    let having = |state: Owner| owners.contains(&state);
    if owners.is_empty() {
        return Decision::Keep;
    }
    if having(Owner::Present) {
        let lost = object
            .owner_references
            .iter()
            .zip(owners)
            // Also owners that wait for their dependents: this one stays, and they would wait for ever.
            .filter(|(_, state)| **state != Owner::Present);
        let lost: Vec<Uid> = lost.map(|(reference, _)| reference.uid.clone()).collect();
        return if lost.is_empty() {
            Decision::Keep
        } else {
            Decision::Release(lost)
        };
    }
    if having(Owner::AwaitingDependents) && dependents.any {
        return Decision::Delete {
            how: Propagation::Foreground,
            unblock: dependents.waiting,
        };
    }
    Decision::Delete {
        how: wish(object),
        unblock: false,
    }
}

/// The propagation that the object's finalizers ask for.
fn wish(object: &Metadata) -> Propagation {
    if object.has_finalizer(ORPHAN) {
        Propagation::Orphan
    } else if object.has_finalizer(FOREGROUND) {
        Propagation::Foreground
    } else {
        Propagation::Background
    }
}

#[cfg(test)]
mod tests {
    use super::Owner::{Absent, AwaitingDependents, Present};
    use super::*;
    use crate::garbage::object::OwnerReference;

    fn object(owners: usize, finalizers: &[&str]) -> Metadata {
        let reference = |number: usize| OwnerReference {
            uid: number.to_string().into(),
            ..OwnerReference::default()
        };
        Metadata {
            owner_references: (0..owners).map(reference).collect(),
            finalizers: finalizers.iter().map(|&one| one.into()).collect(),
            ..Metadata::default()
        }
    }

    fn delete(how: Propagation) -> Decision {
        Decision::Delete { how, unblock: false }
    }

    #[test]
    fn one_present_owner_is_enough() {
        let table: [(&[Owner], Decision); 7] = [
            (&[], Decision::Keep),
            (&[Present], Decision::Keep),
            (&[Present, Present], Decision::Keep),
            (&[Absent, Present], Decision::Release(vec!["0".into()])),
            (
                &[Present, AwaitingDependents, Absent],
                Decision::Release(vec!["1".into(), "2".into()]),
            ),
            (&[Absent, Absent], delete(Propagation::Background)),
            (&[AwaitingDependents], delete(Propagation::Background)),
        ];
        for (owners, expected) in table {
            let decision = decide(&object(owners.len(), &[]), owners, Dependents::default());
            assert_eq!(decision, expected, "{owners:?}");
        }
    }

    #[test]
    fn finalizers_choose_the_propagation() {
        for (finalizer, how) in [
            (ORPHAN, Propagation::Orphan),
            (FOREGROUND, Propagation::Foreground),
            ("example.com/other", Propagation::Background),
        ] {
            let decision = decide(&object(1, &[finalizer]), &[Absent], Dependents::default());
            assert_eq!(decision, delete(how));
        }
    }

    #[test]
    fn foreground_deletion_goes_down_and_breaks_circles() {
        for waiting in [false, true] {
            let dependents = Dependents { any: true, waiting };
            let decision = decide(&object(1, &[]), &[AwaitingDependents], dependents);
            let how = Propagation::Foreground;
            assert_eq!(
                decision,
                Decision::Delete {
                    how,
                    unblock: waiting
                }
            );
        }
    }
}
