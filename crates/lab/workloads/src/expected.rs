//! Own writes that the watch has not shown yet: until it does, what the cache says about an owner's Pods is
//! wrong.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::objects::Pod;

/// How long to wait for the watch. A write that it never shows (the Pod came and went while the watch was
/// away) is given up.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Pods whose creation or deletion is still to be seen.
#[derive(Debug, Default)]
pub(super) struct Expected {
    pods: HashMap<Arc<str>, Awaited>,
}

/// Pods (by uid) that an attempt has written, be it that it failed in the end.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) created: Vec<Arc<str>>,
    pub(super) deleted: Vec<Arc<str>>,
}

impl Done {
    pub(super) fn is_empty(&self) -> bool {
        self.created.is_empty() && self.deleted.is_empty()
    }
}

#[derive(Debug)]
struct Awaited {
    owner: Arc<str>,
    deletion: bool,
    until: Instant,
}

impl Expected {
    /// Pods of an owner were created, or asked to go.
    pub(super) fn note(&mut self, owner: &Arc<str>, done: Done) {
        done.created
            .into_iter()
            .for_each(|pod| self.wait(owner, pod, false));
        done.deleted
            .into_iter()
            .for_each(|pod| self.wait(owner, pod, true));
    }

    fn wait(&mut self, owner: &Arc<str>, pod: Arc<str>, deletion: bool) {
        let awaited = Awaited {
            owner: owner.clone(),
            deletion,
            until: Instant::now() + PATIENCE,
        };
        self.pods.insert(pod, awaited);
    }

    /// The watch has shown a Pod.
    pub(super) fn seen(&mut self, pod: &Pod) {
        let uid = &pod.metadata.uid;
        if self
            .pods
            .get(uid)
            // Before the deletion the watch may still show older changes.
            .is_some_and(|one| !one.deletion || pod.is_terminating())
        {
            self.pods.remove(uid);
        }
    }

    /// The watch has shown that a Pod is gone.
    pub(super) fn gone(&mut self, pod: &str) {
        self.pods.remove(pod);
    }

    /// Whether the cache is behind what was written for an owner.
    pub(super) fn is_waiting(&self, owner: &str) -> bool {
        let now = Instant::now();
        let mut pods = self.pods.values();
        pods.any(|one| *one.owner == *owner && one.until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(uid: &str, terminating: bool) -> Pod {
        let mut pod = Pod::default();
        pod.metadata.uid = uid.into();
        pod.metadata.deletion_timestamp = terminating.then(jiff::Timestamp::now);
        pod
    }

    fn done(created: &[&str], deleted: &[&str]) -> Done {
        let all = |uids: &[&str]| uids.iter().map(|uid| Arc::from(*uid)).collect();
        Done {
            created: all(created),
            deleted: all(deleted),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_owner_waits_until_its_writes_are_seen() {
        let (mut expected, owner) = (Expected::default(), Arc::from("owner"));
        expected.note(&owner, done(&["a"], &["b"]));
        assert!(!expected.is_waiting("other"));
        expected.seen(&pod("a", false));
        expected.seen(&pod("b", false));
        assert!(expected.is_waiting("owner"), "b still looks alive");
        expected.seen(&pod("b", true));
        assert!(!expected.is_waiting("owner"));
        expected.note(&owner, done(&[], &["c"]));
        expected.gone("c");
        assert!(!expected.is_waiting("owner"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_is_never_seen_is_given_up() {
        let (mut expected, owner) = (Expected::default(), Arc::from("owner"));
        expected.note(&owner, done(&["a"], &[]));
        tokio::time::advance(PATIENCE + Duration::from_secs(1)).await;
        assert!(!expected.is_waiting("owner"));
    }
}
