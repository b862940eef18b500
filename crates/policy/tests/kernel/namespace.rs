//! A fresh network namespace for a test.

use std::thread;

use nix::sched::{CloneFlags, unshare};

/// Runs a test in a network namespace of its own, on a thread of its own. Without the privilege the test
/// fails, unless `KINGLET_ALLOW_SKIP=1`.
pub(crate) fn in_namespace(test: fn()) {
    let body = move || match unshare(CloneFlags::CLONE_NEWNET) {
        Ok(()) => test(),
        Err(error) => {
            let skip = std::env::var("KINGLET_ALLOW_SKIP").is_ok_and(|value| value == "1");
            assert!(
                skip,
                "no network namespace: {error} (root is needed; KINGLET_ALLOW_SKIP=1 skips)"
            );
            eprintln!("skipped: no network namespace: {error}");
        }
    };
    if let Err(panic) = thread::spawn(body).join() {
        std::panic::resume_unwind(panic);
    }
}
