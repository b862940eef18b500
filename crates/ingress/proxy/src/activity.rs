//! What a client connection is doing, for its timeouts.
//!
//! A timer per request would cost more than routing it. Instead the connection writes down what it does, in
//! plain stores, and one sleep per connection looks at that when it would expire.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::settings::Timeouts;

/// Shared between the connection, its guard (which the HTTP library owns) and the bodies on their way. All of
/// them run on one thread; the atomics only satisfy the library's bounds.
#[derive(Debug)]
pub(crate) struct Activity {
    epoch: Instant,
    /// Milliseconds from `epoch` to the last change from busy to idle, or to the beginning of a head.
    since: AtomicU64,
    in_head: AtomicBool,
    exchanges: AtomicU32,
    tunnel: AtomicBool,
    malformed: AtomicBool,
}

/// What the connection's sleep has to do when it wakes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Look again then.
    Wait(Instant),
    /// Nothing happened for the idle timeout: finish what the client may have sent meanwhile and close.
    Retire,
    /// A head takes too long: close.
    Close,
}

impl Activity {
    /// A connection that was just accepted: the head of its first request is due.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            epoch: now,
            since: AtomicU64::new(0),
            in_head: AtomicBool::new(true),
            exchanges: AtomicU32::new(0),
            tunnel: AtomicBool::new(false),
            malformed: AtomicBool::new(false),
        }
    }

    /// Notes whether a head is half read.
    pub(crate) fn head(&self, in_head: bool) {
        if self.in_head.load(Relaxed) != in_head {
            self.in_head.store(in_head, Relaxed);
            if in_head {
                self.touch(Instant::now());
            }
        }
    }

    /// A request begins.
    pub(crate) fn begin(&self) {
        self.exchanges.store(self.exchanges.load(Relaxed) + 1, Relaxed);
    }

    /// A response has ended.
    pub(crate) fn end(&self, now: Instant) {
        self.exchanges
            .store(self.exchanges.load(Relaxed).saturating_sub(1), Relaxed);
        self.touch(now);
    }

    /// From now on the connection carries another protocol.
    pub(crate) fn become_tunnel(&self) {
        self.tunnel.store(true, Relaxed);
    }

    /// Whether the connection carries another protocol.
    pub(crate) fn is_tunnel(&self) -> bool {
        self.tunnel.load(Relaxed)
    }

    /// The client broke the protocol.
    pub(crate) fn set_malformed(&self) {
        self.malformed.store(true, Relaxed);
    }

    /// Whether the client broke the protocol.
    pub(crate) fn is_malformed(&self) -> bool {
        self.malformed.load(Relaxed)
    }

    /// What is due now.
    pub(crate) fn verdict(&self, now: Instant, timeouts: &Timeouts) -> Verdict {
        if self.exchanges.load(Relaxed) > 0 || self.is_tunnel() {
            return Verdict::Wait(now + timeouts.idle.min(timeouts.read_header));
        }
        let since = self.epoch + Duration::from_millis(self.since.load(Relaxed));
        let (limit, verdict) = match self.in_head.load(Relaxed) {
            true => (timeouts.read_header, Verdict::Close),
            false => (timeouts.idle, Verdict::Retire),
        };
        match since + limit {
            due if due <= now => verdict,
            // A head may begin while the connection is idle, and is due earlier than the idle timeout.
            due => Verdict::Wait(due.min(now + timeouts.read_header)),
        }
    }

    fn touch(&self, now: Instant) {
        let since = now.saturating_duration_since(self.epoch).as_millis();
        self.since
            .store(u64::try_from(since).unwrap_or(u64::MAX), Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_depend_on_what_the_connection_does() {
        let timeouts = Timeouts::default();
        let start = Instant::now();
        let activity = Activity::new(start);
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(activity.verdict(after(9), &timeouts), Verdict::Wait(after(10)));
        assert_eq!(activity.verdict(after(10), &timeouts), Verdict::Close);
        activity.head(false);
        activity.begin();
        assert!(matches!(
            activity.verdict(after(1000), &timeouts),
            Verdict::Wait(_)
        ));
        activity.end(after(1000));
        assert!(matches!(
            activity.verdict(after(1179), &timeouts),
            Verdict::Wait(_)
        ));
        assert_eq!(activity.verdict(after(1180), &timeouts), Verdict::Retire);
    }
}
