//! Packets that are on their way through the rules.

use std::time::Duration;

use rustix::thread::{MembarrierCommand, membarrier};

/// Longer than a packet takes through the rules of a hook.
const PACKET: Duration = Duration::from_millis(50);

/// Returns when every packet that met the rules as they were before the call is through with them, and its
/// connection is tracked.
///
/// The kernel takes a packet from a hook's rules to its connection within one critical section of RCU, and
/// its barrier for all threads (membarrier(2), `MEMBARRIER_CMD_GLOBAL`) waits until all of these have ended:
/// some milliseconds, without work. Kernels with `nohz_full` refuse.
pub(crate) fn pass() {
    if membarrier(MembarrierCommand::Global).is_err() {
        std::thread::sleep(PACKET);
    }
}
