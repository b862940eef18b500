//! Replies of upstream servers: checked against the query, and cut to what the client takes.

use crate::edns::OPT;
use crate::message::{HEADER, Rcode, RecordAt, flag, set_u16, u16_at};
use crate::name::QueryName;
use crate::request::Request;

/// Why a message is not the reply to a query of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamError {
    /// Not a response, or to another query.
    Foreign,
    /// A response whose records run past its end.
    Malformed,
}

/// A reply whose header, question and records' lengths have been checked.
#[derive(Debug)]
pub struct UpstreamReply {
    message: Vec<u8>,
}

impl UpstreamReply {
    /// Checks a reply to the query `request` that was sent with the id `id`: both must be echoed (RFC 5452
    /// section 9.1).
    pub fn check(message: Vec<u8>, request: &Request<'_>, id: u16) -> Result<Self, UpstreamError> {
        let flags = u16_at(&message, 2).ok_or(UpstreamError::Foreign)?;
        // All of it can be guessed but the id (and the port of the socket): the question makes sure that a
        // reply to another query of the same id is not taken.
        let ours = u16_at(&message, 0) == Some(id)
            && flags & (flag::QR | flag::OPCODE) == flag::QR
            && u16_at(&message, 4) == Some(1)
            && has_question(&message, request);
        if !ours {
            return Err(UpstreamError::Foreign);
        }
        let reply = Self { message };
        // Counts are checked once, so that nobody reads beyond the end later. A truncated message may end
        // within a record.
        let expected: usize = reply.counts().into_iter().map(usize::from).sum();
        if !reply.is_truncated() && reply.records(request).count() != expected {
            return Err(UpstreamError::Malformed);
        }
        Ok(reply)
    }

    /// The response code without the bits that EDNS adds.
    pub fn rcode(&self) -> Rcode {
        Rcode((self.flags() & flag::RCODE) as u8)
    }

    /// Whether the server truncated it (TC).
    pub fn is_truncated(&self) -> bool {
        self.flags() & flag::TC != 0
    }

    /// The message.
    pub fn as_bytes(&self) -> &[u8] {
        &self.message
    }

    /// The reply for the client: its id, its spelling of the name, no longer than `limit`.
    pub fn into_reply(mut self, request: &Request<'_>, limit: usize) -> Vec<u8> {
        set_u16(&mut self.message, 0, request.id);
        // Clients that mix the case of letters against forgers compare the question octet by octet.
        let end = HEADER + request.question.len();
        if let Some(question) = self.message.get_mut(HEADER..end) {
            question.copy_from_slice(request.question);
        }
        if self.message.len() > limit {
            self.truncate(request, limit);
        }
        self.message
    }

    /// Drops records from the end until the rest fits with the OPT record, which stays.
    fn truncate(&mut self, request: &Request<'_>, limit: usize) {
        // OPT is most often the last record, but must stay (RFC 6891 section 7).
        let opt = self
            .records(request)
            .find(|(_, record)| record.rtype(&self.message) == OPT);
        let opt = opt
            .and_then(|(_, record)| self.message.get(record.start..record.end))
            .map(<[u8]>::to_vec);
        let room = limit.saturating_sub(opt.as_ref().map_or(0, Vec::len));
        let mut counts = [0_u16; 3];
        let mut end = HEADER + request.question.len();
        let fitting = self.records(request).take_while(|(_, record)| record.end <= room);
        for (section, record) in fitting.filter(|(_, record)| record.rtype(&self.message) != OPT) {
            if let Some(count) = counts.get_mut(section) {
                *count += 1;
            }
            end = record.end;
        }
        // Records that stay keep their place, so compression pointers, which only point backwards, stay
        // valid.
        self.message.truncate(end);
        if let Some(opt) = opt {
            self.message.extend_from_slice(&opt);
            counts[2] += 1;
        }
        for (count, at) in counts.into_iter().zip([6, 8, 10]) {
            set_u16(&mut self.message, at, count);
        }
        let flags = self.flags() | flag::TC;
        set_u16(&mut self.message, 2, flags);
    }

    fn flags(&self) -> u16 {
        u16_at(&self.message, 2).unwrap_or_default()
    }

    fn counts(&self) -> [u16; 3] {
        [6, 8, 10].map(|at| u16_at(&self.message, at).unwrap_or_default())
    }

    /// The records with the number of their section, as far as the message goes.
    fn records(&self, request: &Request<'_>) -> impl Iterator<Item = (usize, RecordAt)> {
        let sections = (0..).zip(self.counts());
        let mut at = HEADER + request.question.len();
        sections
            .flat_map(|(section, count)| (0..count).map(move |_| section))
            .map_while(move |section| {
                let record = RecordAt::read(&self.message, at)?;
                at = record.end;
                Some((section, record))
            })
    }
}

/// Whether the message repeats the question, in whatever case.
fn has_question(message: &[u8], request: &Request<'_>) -> bool {
    let Ok(name) = QueryName::read(message.get(HEADER..).unwrap_or_default()) else {
        return false;
    };
    let end = HEADER + name.spelled().len();
    name.lower() == request.name.lower()
        && u16_at(message, end) == Some(request.qtype)
        && u16_at(message, end + 2) == Some(request.qclass)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERY: &[u8] = b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x01A\0\0\x01\0\x01";

    /// A reply of two addresses and an OPT record.
    fn reply() -> Vec<u8> {
        let mut message = b"\0\x09\x81\x80\0\x01\0\x02\0\0\0\x01\x01a\0\0\x01\0\x01".to_vec();
        for last in [1, 2] {
            message.extend_from_slice(b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x0a\0\0");
            message.push(last);
        }
        message.extend_from_slice(b"\0\0\x29\x10\0\0\0\0\0\0\0");
        message
    }

    #[test]
    fn gives_the_client_its_id_and_spelling() {
        let request = Request::read(QUERY).unwrap();
        let reply = UpstreamReply::check(reply(), &request, 9)
            .unwrap()
            .into_reply(&request, 512);
        assert_eq!(reply[..2], [0, 7]);
        assert_eq!(&reply[12..15], b"\x01A\0");
        assert_eq!(reply.len(), 62);
    }

    #[test]
    fn drops_whole_records_and_keeps_opt() {
        let request = Request::read(QUERY).unwrap();
        let cut = UpstreamReply::check(reply(), &request, 9)
            .unwrap()
            .into_reply(&request, 60);
        assert_eq!(cut.len(), 19 + 16 + 11);
        assert_eq!(cut[2] & 2, 2, "TC");
        assert_eq!(cut[6..12], [0, 1, 0, 0, 0, 1]);
        assert_eq!(cut[35..38], [0, 0, 0x29]);
    }

    #[test]
    fn refuses_replies_to_other_queries() {
        let request = Request::read(QUERY).unwrap();
        let check = |message: Vec<u8>, id| UpstreamReply::check(message, &request, id).err();
        assert_eq!(check(reply(), 8), Some(UpstreamError::Foreign));
        for (at, value) in [(2, 0), (5, 0), (13, b'b'), (16, 2), (18, 3)] {
            let mut message = reply();
            message[at] = value;
            assert_eq!(check(message, 9), Some(UpstreamError::Foreign), "{at}");
        }
        let mut short = reply();
        short.truncate(50);
        assert_eq!(check(short, 9), Some(UpstreamError::Malformed));
        assert_eq!(check(Vec::new(), 9), Some(UpstreamError::Foreign));
    }
}
