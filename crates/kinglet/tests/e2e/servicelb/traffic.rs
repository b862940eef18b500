//! A client that goes on connecting while something changes.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::lab::Lab;

/// Connects again and again from outside while `change` runs; no connection may fail. Returns how many there
/// were.
pub(super) fn during(lab: &Lab, to: &str, port: &str, change: impl FnOnce()) -> usize {
    let (stop, count) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let client = scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let outcome = lab.probe("client", to, port);
                let number = count.fetch_add(1, Ordering::Relaxed);
                assert_eq!(outcome["result"], "open", "connection {number}: {outcome}");
            }
        });
        let changed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(change));
        stop.store(true, Ordering::Relaxed);
        client
            .join()
            .unwrap_or_else(|failure| std::panic::resume_unwind(failure));
        changed.unwrap_or_else(|failure| std::panic::resume_unwind(failure));
    });
    count.into_inner()
}
