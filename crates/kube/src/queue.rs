//! Keys that are due, each retried with its own back-off.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::Backoff;

/// A set of keys to work on. A key that is marked twice before it is taken is worked on once.
#[derive(Debug)]
pub(crate) struct Queue<K> {
    due: HashMap<K, Instant>,
    failed: HashMap<K, Backoff>,
}

impl<K: Clone + Eq + Hash> Default for Queue<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Clone + Eq + Hash> Queue<K> {
    /// Nothing is due.
    pub(crate) fn new() -> Self {
        Self {
            due: HashMap::new(),
            failed: HashMap::new(),
        }
    }

    /// The key is due now, even while it waits after a failure: something has changed.
    pub(crate) fn mark(&mut self, key: K) {
        self.due.insert(key, Instant::now());
    }

    /// The key is due after a pause at the latest.
    pub(crate) fn mark_within(&mut self, key: K, pause: Duration) {
        let at = Instant::now() + pause;
        let due = self.due.entry(key).or_insert(at);
        *due = at.min(*due);
    }

    /// The work on a key is done.
    pub(crate) fn succeeded(&mut self, key: &K) {
        self.failed.remove(key);
    }

    /// The key is due again after a pause that grows from failure to failure, up to `longest`.
    pub(crate) fn retry_within(&mut self, key: K, longest: Duration) {
        let pause = self.failed.entry(key.clone()).or_default().pause();
        // Hides no change: changes are observed after the round of attempts, and mark the key anew.
        self.due.insert(key, Instant::now() + pause.min(longest));
    }

    /// Waits until keys are due, and takes them.
    pub(crate) async fn take(&mut self) -> Vec<K> {
        match self.due.values().min() {
            Some(first) => sleep_until(*first).await,
            None => std::future::pending().await,
        }
        // No await from here on: keys that were taken must not be lost when the future is dropped.
        let now = Instant::now();
        self.due
            .extract_if(|_, at| *at <= now)
            .map(|(key, _)| key)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_key_is_taken_once() {
        let mut queue = Queue::new();
        queue.mark("a");
        queue.mark("a");
        assert_eq!(queue.take().await, ["a"]);
        let more = tokio::time::timeout(Duration::from_secs(60), queue.take()).await;
        assert!(more.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn failures_wait_longer_and_longer_until_one_succeeds() {
        let mut queue = Queue::new();
        let start = Instant::now();
        for _ in 0..3 {
            queue.retry_within("a", Duration::MAX);
            assert_eq!(queue.take().await, ["a"]);
        }
        assert_eq!(start.elapsed().as_millis() / 10, 70);
        queue.retry_within("a", Duration::from_millis(50));
        assert_eq!(queue.take().await, ["a"]);
        assert_eq!(start.elapsed().as_millis() / 10, 75);
        queue.succeeded(&"a");
        queue.retry_within("a", Duration::MAX);
        assert_eq!(queue.take().await, ["a"]);
        assert_eq!(start.elapsed().as_millis() / 10, 85);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_only_ever_gets_shorter() {
        let mut queue = Queue::new();
        let start = Instant::now();
        queue.mark_within("a", Duration::from_secs(60));
        queue.mark_within("a", Duration::from_secs(5));
        queue.mark_within("a", Duration::from_secs(30));
        assert_eq!(queue.take().await, ["a"]);
        assert_eq!(start.elapsed().as_secs(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_ends_the_pause() {
        let mut queue = Queue::new();
        let start = Instant::now();
        queue.retry_within("a", Duration::MAX);
        queue.mark("a");
        assert_eq!(queue.take().await, ["a"]);
        assert!(start.elapsed() < Duration::from_millis(10));
    }
}
