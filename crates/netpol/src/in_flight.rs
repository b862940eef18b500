//! Packets that are on their way through the rules while these change.

use std::time::Duration;

use rustix::thread::{MembarrierCommand, membarrier};

/// Longer than a packet takes through the rules of a hook.
const PACKET: Duration = Duration::from_millis(50);

/// Waits until every packet that met the rules as they were before the call is through with them, and its
/// connection is tracked.
///
/// The kernel takes a packet from a hook's rules to its connection within one critical section of RCU.
/// membarrier(2) with `MEMBARRIER_CMD_GLOBAL` is `synchronize_rcu`: it returns when all sections that had
/// begun have ended, after some milliseconds of sleep.
pub(crate) fn drain() {
    // Kernels with `nohz_full` refuse the command: CPUs without ticks would delay it for ever.
    if membarrier(MembarrierCommand::Global).is_err() {
        std::thread::sleep(PACKET);
    }
}
