//! What the fuzz targets call.

use kinglet_dns_zone::Snapshot;

use crate::answer::{Outcome, Transport};

/// Answers a message from the snapshot; whether a reply was written.
pub fn answer(snapshot: &Snapshot, message: &[u8], udp: bool, out: &mut Vec<u8>) -> bool {
    let transport = if udp { Transport::Udp(4096) } else { Transport::Tcp };
    let outcome = crate::answer::answer(snapshot, message, transport, message.len(), out);
    matches!(outcome, Outcome::Rejected(_) | Outcome::Answered(_))
}
