//! Pods whose policies changed, one after the other.

use std::collections::{HashMap, HashSet, VecDeque};

use kinglet_model::ObjectName;

use crate::rules::Id;

/// Pods whose profiles are to be computed again. Of a pod with many policies, some parts of its profile may
/// be there already, to which nothing leads yet.
#[derive(Debug, Default)]
pub(super) struct PodQueue {
    order: VecDeque<ObjectName>,
    waiting: HashSet<ObjectName>,
    /// What was made for pods that are not ready yet.
    parts: HashMap<ObjectName, Vec<Id>>,
}

impl PodQueue {
    /// Puts a pod behind all others, unless it waits already.
    pub(super) fn push(&mut self, pod: ObjectName) {
        if self.waiting.insert(pod.clone()) {
            self.order.push_back(pod);
        }
    }

    /// The pod that waited longest.
    pub(super) fn pop(&mut self) -> Option<ObjectName> {
        // Some have been computed out of turn.
        let pod = std::iter::from_fn(|| self.order.pop_front()).find(|pod| self.waiting.contains(pod))?;
        self.waiting.remove(&pod);
        Some(pod)
    }

    /// Puts a pod that is not ready behind all others, with the parts that were made for it.
    pub(super) fn push_again(&mut self, pod: ObjectName, parts: impl IntoIterator<Item = Id>) {
        self.parts.entry(pod.clone()).or_default().extend(parts);
        self.push(pod);
    }

    /// A pod is ready: it need not wait, and what was made for it before is no longer kept for it.
    pub(super) fn finish(&mut self, pod: &ObjectName) -> Vec<Id> {
        self.waiting.remove(pod);
        self.parts.remove(pod).unwrap_or_default()
    }

    /// How many pods wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(name: &str) -> ObjectName {
        ObjectName::new("x", name)
    }

    #[test]
    fn a_pod_that_takes_long_waits_for_the_others() {
        let mut queue = PodQueue::default();
        for name in ["big", "a", "big", "b"] {
            queue.push(pod(name));
        }
        assert_eq!(queue.len(), 3);
        assert_eq!(queue.pop(), Some(pod("big")));
        queue.push_again(pod("big"), [Id::of("1")]);
        queue.finish(&pod("a"));
        assert_eq!(queue.pop(), Some(pod("b")));
        assert_eq!(queue.pop(), Some(pod("big")));
        queue.push_again(pod("big"), [Id::of("2")]);
        assert_eq!(queue.finish(&pod("big")), [Id::of("1"), Id::of("2")]);
        assert_eq!((queue.len(), queue.pop()), (0, None));
        queue.push(pod("a"));
        assert_eq!((queue.pop(), queue.pop()), (Some(pod("a")), None));
    }
}
