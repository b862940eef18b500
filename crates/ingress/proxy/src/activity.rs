//! What a client connection is doing, for its timeouts.
//!
//! A timer per request would cost more than routing it. Instead the connection notes what it does, in plain
//! stores, and one sleep per connection reads the notes when it wakes.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::settings::Timeouts;

/// Shared between the connection, its validated stream (which the HTTP library owns) and the response bodies.
/// All of them run on one thread; the atomics only satisfy the library's `Send` bounds for upgrades.
#[derive(Debug)]
pub(crate) struct Activity {
    epoch: Instant,
    /// Milliseconds from `epoch` to the last change from busy to idle, or to the beginning of a head.
    since: AtomicU64,
    in_head: AtomicBool,
    /// Requests that have begun and whose responses have not ended; several in HTTP/2.
    exchanges: AtomicU32,
    tunnel: AtomicBool,
    malformed: AtomicBool,
}

/// What the connection does when its sleep ends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TimeoutAction {
    /// Nothing is due; check again at this time.
    Wait(Instant),
    /// The connection was idle for its timeout: finish what the client may have sent meanwhile, then close.
    Drain,
    /// A head took too long: close without an answer, because the client is slow or an attacker (Slowloris).
    Close,
}

impl Activity {
    /// A connection that was just accepted: the head of its first request is due.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            epoch: now,
            since: AtomicU64::new(0),
            // Until the first byte comes, too: a client that sends nothing gets the short timeout.
            in_head: AtomicBool::new(true),
            exchanges: AtomicU32::new(0),
            tunnel: AtomicBool::new(false),
            malformed: AtomicBool::new(false),
        }
    }

    /// Notes whether a head is half read.
    pub(crate) fn head(&self, in_head: bool) {
        // Only a change restarts the clock: a head that trickles in byte by byte must not prolong its time.
        if self.in_head.load(Relaxed) != in_head {
            self.in_head.store(in_head, Relaxed);
            if in_head {
                self.touch(Instant::now());
            }
        }
    }

    /// A request begins.
    pub(crate) fn begin(&self) {
        // Load and store instead of `fetch_add`: there is one writer, and a locked instruction costs more.
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

    /// Which timeout is due now, if any.
    pub(crate) fn timeout_action(&self, now: Instant, timeouts: &Timeouts) -> TimeoutAction {
        // While a request is answered or a tunnel is open nothing is due: servers and tunnels may take any
        // time (Traefik `respondingTimeouts.writeTimeout` 0). The next check comes soon enough for what
        // follows.
        if self.exchanges.load(Relaxed) > 0 || self.is_tunnel() {
            return TimeoutAction::Wait(now + timeouts.idle.min(timeouts.read_header));
        }
        let since = self.epoch + Duration::from_millis(self.since.load(Relaxed));
        let (limit, action) = match self.in_head.load(Relaxed) {
            true => (timeouts.read_header, TimeoutAction::Close),
            false => (timeouts.idle, TimeoutAction::Drain),
        };
        match since + limit {
            due if due <= now => action,
            // A head may begin while the connection is idle, and is due earlier than the idle timeout.
            due => TimeoutAction::Wait(due.min(now + timeouts.read_header)),
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
        assert_eq!(
            activity.timeout_action(after(9), &timeouts),
            TimeoutAction::Wait(after(10))
        );
        assert_eq!(
            activity.timeout_action(after(10), &timeouts),
            TimeoutAction::Close
        );
        activity.head(false);
        activity.begin();
        assert!(matches!(
            activity.timeout_action(after(1000), &timeouts),
            TimeoutAction::Wait(_)
        ));
        activity.end(after(1000));
        assert!(matches!(
            activity.timeout_action(after(1179), &timeouts),
            TimeoutAction::Wait(_)
        ));
        assert_eq!(
            activity.timeout_action(after(1180), &timeouts),
            TimeoutAction::Drain
        );
    }
}
