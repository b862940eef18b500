//! Whether a test that cannot run fails.

use std::os::unix::fs::MetadataExt as _;

/// Whether a test may be skipped for want of a tool or a privilege: with `KINGLET_ALLOW_SKIP=1`, on a
/// developer's machine only, never in continuous integration.
pub fn is_allowed() -> bool {
    std::env::var_os("KINGLET_ALLOW_SKIP").is_some_and(|value| value == "1")
}

/// Says that a test is skipped, and why.
///
/// # Panics
/// Tests must not be skipped.
pub fn skip(why: &str) {
    assert!(is_allowed(), "{why} (KINGLET_ALLOW_SKIP=1 skips)");
    eprintln!("skipped: {why}");
}

/// Whether the process is root. If it is not, the test is [skipped](skip).
///
/// # Panics
/// As for [`skip`].
pub fn is_root() -> bool {
    let root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    if !root {
        skip("the test needs root");
    }
    root
}
