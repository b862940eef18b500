//! The message format (RFC 1035 section 4), as far as a server needs it: reading questions, writing replies,
//! checking replies of others.

mod edns;
mod reply;
mod request;
mod response;

pub(crate) use edns::Edns;
pub(crate) use reply::{Upstream, UpstreamError};
pub(crate) use request::{Rejection, Request};
pub(crate) use response::{Response, header_only};

/// Length of the header.
pub(crate) const HEADER: usize = 12;
/// Longest message.
pub(crate) const MAX_MESSAGE: usize = 65_535;
/// Longest UDP message for a client that does not say more (RFC 1035 section 4.2.1).
pub(crate) const MIN_UDP: usize = 512;

/// Header flags, in the third and fourth octet.
pub(crate) mod flag {
    /// Query (0) or response.
    pub(crate) const QR: u16 = 0x8000;
    /// Kind of query.
    pub(crate) const OPCODE: u16 = 0x7800;
    /// Authoritative answer.
    pub(crate) const AA: u16 = 0x0400;
    /// Truncated.
    pub(crate) const TC: u16 = 0x0200;
    /// Recursion desired.
    pub(crate) const RD: u16 = 0x0100;
    /// Checking disabled.
    pub(crate) const CD: u16 = 0x0010;
    /// Response code.
    pub(crate) const RCODE: u16 = 0x000F;
}

/// Response codes that the server itself gives (RFC 1035 section 4.1.1, RFC 6891 section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rcode(pub(crate) u8);

impl Rcode {
    pub(crate) const NOERROR: Self = Self(0);
    pub(crate) const FORMERR: Self = Self(1);
    pub(crate) const SERVFAIL: Self = Self(2);
    pub(crate) const NXDOMAIN: Self = Self(3);
    pub(crate) const NOTIMP: Self = Self(4);
    pub(crate) const REFUSED: Self = Self(5);
    pub(crate) const BADVERS: Self = Self(16);

    /// The name, as in CoreDNS' metrics.
    pub(crate) fn name(self) -> &'static str {
        match self.0 {
            0 => "NOERROR",
            1 => "FORMERR",
            2 => "SERVFAIL",
            3 => "NXDOMAIN",
            4 => "NOTIMP",
            5 => "REFUSED",
            6 => "YXDOMAIN",
            7 => "YXRRSET",
            8 => "NXRRSET",
            9 => "NOTAUTH",
            10 => "NOTZONE",
            16 => "BADVERS",
            _ => "other",
        }
    }
}

/// The number at `at`.
pub(crate) fn u16_at(message: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(message.get(at..at + 2)?.try_into().ok()?))
}

/// Replaces the number at `at`, if the message is that long.
pub(crate) fn set_u16(message: &mut [u8], at: usize, value: u16) {
    if let Some(slot) = message.get_mut(at..at + 2) {
        slot.copy_from_slice(&value.to_be_bytes());
    }
}

/// The end of the name at `at`, without following compression pointers.
pub(crate) fn skip_name(message: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match usize::from(*message.get(at)?) {
            0 => return Some(at + 1),
            length @ 1..=63 => at += 1 + length,
            0xC0.. => return message.get(at + 1).map(|_| at + 2),
            _ => return None,
        }
    }
}

/// A record's place in a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordAt {
    pub(crate) start: usize,
    /// Where type, class, TTL and length are.
    pub(crate) fixed: usize,
    pub(crate) end: usize,
}

impl RecordAt {
    /// The record that starts at `start`, unless the message ends before it does.
    pub(crate) fn read(message: &[u8], start: usize) -> Option<Self> {
        let fixed = skip_name(message, start)?;
        let end = fixed + 10 + usize::from(u16_at(message, fixed + 8)?);
        (end <= message.len()).then_some(Self { start, fixed, end })
    }

    /// Its type.
    pub(crate) fn rtype(self, message: &[u8]) -> u16 {
        u16_at(message, self.fixed).unwrap_or_default()
    }

    /// Its data.
    pub(crate) fn data(self, message: &[u8]) -> &[u8] {
        message.get(self.fixed + 10..self.end).unwrap_or_default()
    }
}
