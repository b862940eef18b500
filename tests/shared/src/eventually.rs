//! Conditions with a deadline.

use std::fmt::Display;
use std::time::{Duration, Instant};

/// How long anything may take, on a loaded machine.
pub const fn patience() -> Duration {
    Duration::from_secs(30)
}

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// Waits until a condition holds, for up to [`patience`]. Blocks the thread.
///
/// # Panics
/// It does not hold in time.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    until(patience(), || if condition() { Ok(()) } else { Err(what) });
}

/// Tries until something succeeds, and answers its result. Blocks the thread.
///
/// # Panics
/// It does not succeed within the limit; the message is the last error.
pub fn until<T, E: Display>(limit: Duration, mut attempt: impl FnMut() -> Result<T, E>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        match attempt() {
            Ok(value) => return value,
            Err(error) => assert!(Instant::now() < deadline, "not within {limit:?}: {error}"),
        }
        std::thread::sleep(PAUSE);
    }
}
