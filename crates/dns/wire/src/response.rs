//! Writing replies.

use crate::message::{HEADER, MAX_MESSAGE, MIN_UDP, Rcode, flag, set_u16, u16_at};
use crate::record::Records;
use crate::request::Request;

/// A reply that is being written: header and question first, then sections in their order, then
/// [`Response::finish`].
///
/// Records are written whole; the first that does not fit ends its section and sets TC.
pub struct Response<'r, 'm> {
    request: &'r Request<'m>,
    out: &'r mut Vec<u8>,
    limit: usize,
    flags: u16,
}

impl<'r, 'm> Response<'r, 'm> {
    /// Starts a reply of at most `limit` octets (see [`Request::udp_limit`]).
    #[inline]
    pub fn new(request: &'r Request<'m>, limit: usize, out: &'r mut Vec<u8>) -> Self {
        out.clear();
        out.extend_from_slice(&request.id.to_be_bytes());
        out.extend_from_slice(&[0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        out.extend_from_slice(request.question);
        // OPT must be in the reply even if records do not fit (RFC 6891 section 7).
        let reserved = request.edns.as_ref().map_or(0, |edns| edns.reply_len());
        Self {
            request,
            out,
            limit: limit.saturating_sub(reserved),
            // RD and CD are copied (RFC 1035 section 4.1.1, RFC 4035 section 3.1.6).
            flags: flag::QR | request.flags & (flag::RD | flag::CD),
        }
    }

    /// Marks the answer as authoritative.
    #[inline]
    pub fn authoritative(mut self) -> Self {
        self.flags |= flag::AA;
        self
    }

    /// Marks the answer as cut off.
    #[inline]
    pub fn truncated(mut self, truncated: bool) -> Self {
        if truncated {
            self.flags |= flag::TC;
        }
        self
    }

    /// Writes the answer section. Addresses start at the record `rotation` modulo their number, so that
    /// clients spread over them.
    #[inline]
    pub fn answer(mut self, records: &Records<'_>, rotation: usize) -> Self {
        // Equally long records are rotated by two copies; others keep their order, which may matter (a CNAME
        // comes before what it leads to).
        match (records.uniform_len(), records.count()) {
            (Some(len), count) if count > 1 => self.rotated(records.as_bytes(), len, rotation % count),
            _ => self.section(6, records),
        }
        self
    }

    /// Writes a record into the authority section.
    #[inline]
    pub fn authority(mut self, record: &[u8]) -> Self {
        let fits = self.push(record);
        set_u16(self.out, 8, u16::from(fits));
        self
    }

    /// Writes the additional section.
    #[inline]
    pub fn additional(mut self, records: &Records<'_>) -> Self {
        if records.count() > 0 {
            self.section(10, records);
        }
        self
    }

    /// Writes the OPT record, if the client sent one, and the header. Codes above 15 need the OPT record,
    /// which holds their upper bits.
    #[inline]
    pub fn finish(self, rcode: Rcode) {
        let mut additional = u16_at(self.out, 10).unwrap_or_default();
        if let Some(edns) = &self.request.edns {
            edns.write(rcode, self.out);
            additional += 1;
        }
        set_u16(self.out, 10, additional);
        set_u16(self.out, 2, self.flags | u16::from(rcode.0) & flag::RCODE);
    }

    #[inline]
    fn section(&mut self, count_at: usize, records: &Records<'_>) {
        let room = self.limit.saturating_sub(self.out.len());
        // Most sections fit: one copy instead of one per record.
        let count = if records.as_bytes().len() <= room {
            self.out.extend_from_slice(records.as_bytes());
            records.count()
        } else {
            records.iter().take_while(|record| self.push(record)).count()
        };
        set_u16(self.out, count_at, count as u16);
    }

    #[inline]
    fn push(&mut self, record: &[u8]) -> bool {
        let fits = self.out.len() + record.len() <= self.limit;
        if fits {
            self.out.extend_from_slice(record);
        } else {
            // Also for additional records, as CoreDNS does: a client that needs them asks again over TCP.
            self.flags |= flag::TC;
        }
        fits
    }

    #[inline]
    fn rotated(&mut self, bytes: &[u8], len: usize, start: usize) {
        // Whole records only.
        let mut room = self.limit.saturating_sub(self.out.len()) / len * len;
        if bytes.len() > room {
            self.flags |= flag::TC;
        }
        set_u16(self.out, 6, (bytes.len().min(room) / len) as u16);
        let (after, before) = bytes.split_at_checked(start * len).unwrap_or((bytes, &[]));
        for part in [before, after] {
            let part = part.get(..room).unwrap_or(part);
            self.out.extend_from_slice(part);
            room -= part.len();
        }
    }
}

impl Request<'_> {
    /// Longest reply that the client takes over UDP; the server itself sends at most `max` octets.
    #[inline]
    pub fn udp_limit(&self, max: u16) -> usize {
        self.edns
            .as_ref()
            .map_or(MIN_UDP, |edns| usize::from(edns.udp_size.min(max)).max(MIN_UDP))
    }

    /// Writes a reply without records.
    #[inline]
    pub fn refuse(&self, rcode: Rcode, out: &mut Vec<u8>) {
        Response::new(self, MAX_MESSAGE, out).finish(rcode);
    }
}

/// Writes a reply of the header alone, for a message that has a header but could not be read further.
pub fn header_only(message: &[u8], rcode: Rcode, out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(message.get(..HEADER).unwrap_or_default());
    // The rest of the header may be what could not be understood.
    let kept = u16_at(message, 2).unwrap_or_default() & (flag::OPCODE | flag::RD);
    let counts = out.get_mut(4..).unwrap_or_default();
    counts.fill(0);
    set_u16(out, 2, flag::QR | kept | u16::from(rcode.0));
}
