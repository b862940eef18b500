//! Reading queries.

use crate::edns::{Edns, OPT};
use crate::message::{HEADER, Rcode, RecordAt, flag, u16_at};
use crate::name::QueryName;

/// A query with one question.
pub struct Request<'m> {
    /// The id that the reply repeats.
    pub id: u16,
    /// The header's flags.
    pub flags: u16,
    /// The name that is asked for.
    pub name: QueryName<'m>,
    /// The record type that is asked for.
    pub qtype: u16,
    /// The class that is asked for.
    pub qclass: u16,
    /// The OPT record, if there is one.
    pub edns: Option<Edns<'m>>,
    /// The question in wire format.
    pub question: &'m [u8],
}

/// Why a message is not answered like a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// No reply: not a header, or a response.
    Silent,
    /// A reply of the header alone.
    Code(Rcode),
}

const FORMERR: Rejection = Rejection::Code(Rcode::FORMERR);

impl<'m> Request<'m> {
    /// Reads a query. Octets behind the last counted record are ignored.
    #[inline]
    pub fn read(message: &'m [u8]) -> Result<Self, Rejection> {
        let [id, flags, questions, answers, authority, additional] =
            header(message).ok_or(Rejection::Silent)?;
        // A response: to reply to it could go on for ever between two servers.
        if flags & flag::QR != 0 {
            return Err(Rejection::Silent);
        }
        // NOTIFY, UPDATE and the like.
        if flags & flag::OPCODE != 0 {
            return Err(Rejection::Code(Rcode::NOTIMP));
        }
        // No server answers several questions (RFC 9619). IXFR has a record in authority; TSIG and OPT are
        // two additional ones. More would only be work for nothing.
        if questions != 1 || answers > 1 || authority > 1 || additional > 2 {
            return Err(FORMERR);
        }
        let name = QueryName::read(message.get(HEADER..).unwrap_or_default()).map_err(|_| FORMERR)?;
        let end = HEADER + name.spelled().len();
        let (Some(qtype), Some(qclass)) = (u16_at(message, end), u16_at(message, end + 2)) else {
            return Err(FORMERR);
        };
        let records = answers + authority + additional;
        // The usual query has no EDNS: nothing to walk over.
        let edns = if records == 0 {
            None
        } else {
            find_edns(message, end + 4, usize::from(records), usize::from(additional))?
        };
        Ok(Self {
            id,
            flags,
            name,
            qtype,
            qclass,
            edns,
            question: message.get(HEADER..end + 4).unwrap_or_default(),
        })
    }
}

/// The six numbers of the header.
fn header(message: &[u8]) -> Option<[u16; 6]> {
    let (header, _) = message.split_first_chunk::<HEADER>()?;
    let [a, b, c, d, e, f, g, h, i, j, k, l] = *header;
    Some([[a, b], [c, d], [e, f], [g, h], [i, j], [k, l]].map(u16::from_be_bytes))
}

/// Walks over the records; at most one OPT may be among the last `additional` ones (RFC 6891 section 6.1.1).
fn find_edns(
    message: &[u8],
    mut at: usize,
    records: usize,
    additional: usize,
) -> Result<Option<Edns<'_>>, Rejection> {
    let mut edns = None;
    for index in 0..records {
        let record = RecordAt::read(message, at).ok_or(FORMERR)?;
        at = record.end;
        if record.rtype(message) != OPT {
            continue;
        }
        // A second one, or one in another section, is FORMERR.
        if edns.is_some() || index + additional < records {
            return Err(FORMERR);
        }
        edns = Some(Edns::read(message, record).ok_or(FORMERR)?);
    }
    Ok(edns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(flags: u16, counts: [u16; 4], rest: &[u8]) -> Vec<u8> {
        let mut message = vec![0, 7];
        message.extend_from_slice(&flags.to_be_bytes());
        counts
            .iter()
            .for_each(|count| message.extend_from_slice(&count.to_be_bytes()));
        message.extend_from_slice(rest);
        message
    }

    fn rejection(message: &[u8]) -> Option<Rejection> {
        Request::read(message).err()
    }

    const QUESTION: &[u8] = b"\x03Web\0\0\x01\0\x01";
    const NO_OPTIONS: &[u8] = b"\x03Web\0\0\x01\0\x01\0\0\x29\x04\xd0\0\0\x80\0\0\0";

    #[test]
    fn reads_a_question() {
        let message = query(flag::RD, [1, 0, 0, 0], QUESTION);
        let request = Request::read(&message).unwrap();
        assert_eq!((request.id, request.qtype, request.qclass), (7, 1, 1));
        assert_eq!(request.name.spelled(), b"\x03Web\0");
        assert!(request.edns.is_none());
    }

    #[test]
    fn reads_edns() {
        let message = query(0, [1, 0, 0, 1], NO_OPTIONS);
        let edns = Request::read(&message).unwrap().edns.unwrap();
        assert_eq!((edns.udp_size, edns.version, edns.dnssec_ok), (1232, 0, true));
        let mut out = Vec::new();
        edns.write(Rcode::BADVERS, &mut out);
        assert_eq!(out, b"\0\0\x29\x04\xd0\x01\0\x80\0\0\0");
        assert_eq!(out.len(), edns.reply_len());
    }

    #[test]
    fn echoes_known_options_only() {
        let mut rest = QUESTION.to_vec();
        rest.extend_from_slice(b"\0\0\x29\0\x10\0\0\0\0\0\x11\0\x0a\0\x02ab\0\x08\0\x01x\0\x0c\0\x02\0\0");
        let message = query(0, [1, 0, 0, 1], &rest);
        let edns = Request::read(&message).unwrap().edns.unwrap();
        assert_eq!(edns.udp_size, 512, "less than 512 counts as 512");
        let mut out = Vec::new();
        edns.write(Rcode::NOERROR, &mut out);
        assert_eq!(out, b"\0\0\x29\x02\0\0\0\0\0\0\x0c\0\x0a\0\x02ab\0\x0c\0\x02\0\0");
    }

    #[test]
    fn rejects_what_is_no_query() {
        assert_eq!(rejection(b"short"), Some(Rejection::Silent));
        assert_eq!(
            rejection(&query(flag::QR, [1, 0, 0, 0], QUESTION)),
            Some(Rejection::Silent)
        );
        let notimp = Some(Rejection::Code(Rcode::NOTIMP));
        assert_eq!(rejection(&query(0x2000, [1, 0, 0, 0], QUESTION)), notimp);
        let formerr = Some(FORMERR);
        assert_eq!(rejection(&query(0, [0, 0, 0, 0], b"")), formerr);
        assert_eq!(rejection(&query(0, [2, 0, 0, 0], QUESTION)), formerr);
        assert_eq!(rejection(&query(0, [1, 2, 0, 0], QUESTION)), formerr);
        assert_eq!(rejection(&query(0, [1, 0, 2, 0], QUESTION)), formerr);
        assert_eq!(rejection(&query(0, [1, 0, 0, 3], QUESTION)), formerr);
        assert_eq!(rejection(&query(0, [1, 0, 0, 1], QUESTION)), formerr);
        assert_eq!(
            rejection(&query(0, [1, 0, 0, 0], b"\xc0\x0c\0\x01\0\x01")),
            formerr
        );
        assert_eq!(rejection(&query(0, [1, 0, 0, 0], b"\x03Web\0\0\x01\0")), formerr);
        assert_eq!(
            rejection(&query(0, [1, 0, 1, 0], NO_OPTIONS)),
            formerr,
            "OPT in authority"
        );
        let twice = [NO_OPTIONS, &NO_OPTIONS[9..]].concat();
        assert_eq!(rejection(&query(0, [1, 0, 0, 2], &twice)), formerr, "two OPT");
    }
}
