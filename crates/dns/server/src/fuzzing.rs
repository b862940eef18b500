//! What the fuzz targets call.

use kinglet_dns_zone::Snapshot;

use crate::answer::{Outcome, Transport};
use crate::wire::{Request, Upstream};

/// Answers a message from the snapshot; whether a reply was written.
pub fn answer(snapshot: &Snapshot, message: &[u8], udp: bool, out: &mut Vec<u8>) -> bool {
    let transport = if udp { Transport::Udp(4096) } else { Transport::Tcp };
    let outcome = crate::answer::answer(snapshot, message, transport, message.len(), out);
    matches!(outcome, Outcome::Rejected(_) | Outcome::Answered(_))
}

/// Takes `octets` as the reply to `query`, whatever its id, and makes it fit; nothing if it is none.
pub fn upstream_reply(query: &[u8], octets: Vec<u8>, limit: usize) -> Option<Vec<u8>> {
    let request = Request::read(query).ok()?;
    let id = u16::from_be_bytes([*octets.first()?, *octets.get(1)?]);
    let reply = Upstream::check(octets, &request, id).ok()?;
    Some(reply.into_reply(&request, limit))
}
