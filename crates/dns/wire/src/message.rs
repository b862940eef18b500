//! What all messages have in common (RFC 1035 section 4): header, flags, response codes, and where records
//! are.

/// Length of the header.
pub const HEADER: usize = 12;
/// Longest message.
pub const MAX_MESSAGE: usize = 65_535;
/// Longest UDP message for a client that does not say more (RFC 1035 section 4.2.1).
pub const MIN_UDP: usize = 512;

/// Header flags, in the third and fourth octet.
pub mod flag {
    /// Query (0) or response.
    pub(crate) const QR: u16 = 0x8000;
    /// Kind of query.
    pub(crate) const OPCODE: u16 = 0x7800;
    /// Authoritative answer.
    pub(crate) const AA: u16 = 0x0400;
    /// Truncated.
    pub(crate) const TC: u16 = 0x0200;
    /// Recursion desired.
    pub const RD: u16 = 0x0100;
    /// Checking disabled.
    pub(crate) const CD: u16 = 0x0010;
    /// Response code.
    pub(crate) const RCODE: u16 = 0x000F;
}

/// A response code (RFC 1035 section 4.1.1, RFC 6891 section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rcode(pub u8);

impl Rcode {
    /// No error.
    pub const NOERROR: Self = Self(0);
    /// The query could not be read.
    pub const FORMERR: Self = Self(1);
    /// The server cannot tell.
    pub const SERVFAIL: Self = Self(2);
    /// The name does not exist.
    pub const NXDOMAIN: Self = Self(3);
    /// The kind of query is not supported.
    pub const NOTIMP: Self = Self(4);
    /// The server refuses for reasons of policy.
    pub const REFUSED: Self = Self(5);
    /// The EDNS version is not supported.
    pub const BADVERS: Self = Self(16);

    /// The name, as in CoreDNS' metrics.
    pub fn name(self) -> &'static str {
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
#[inline]
pub(crate) fn u16_at(message: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(message.get(at..at + 2)?.try_into().ok()?))
}

/// Replaces the number at `at`, if the message is that long.
#[inline]
pub fn set_u16(message: &mut [u8], at: usize, value: u16) {
    if let Some(slot) = message.get_mut(at..at + 2) {
        slot.copy_from_slice(&value.to_be_bytes());
    }
}

/// The end of the name at `at`. Compression pointers are not followed, so that no message can make this loop.
#[inline]
pub(crate) fn skip_name(message: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match usize::from(*message.get(at)?) {
            0 => return Some(at + 1),
            length @ 1..=63 => at += 1 + length,
            // A pointer is the end of a name (RFC 1035 section 4.1.4).
            0xC0.. => return message.get(at + 1).map(|_| at + 2),
            // 0x40 and 0x80: label types that nobody uses (RFC 6891 section 5).
            _ => return None,
        }
    }
}

/// A record's place in a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordAt {
    pub(crate) start: usize,
    /// Where type (2 octets), class (2), TTL (4) and length (2) are, behind the owner.
    pub(crate) fixed: usize,
    pub(crate) end: usize,
}

impl RecordAt {
    /// The record that starts at `start`; nothing if it goes beyond the end of the message.
    #[inline]
    pub(crate) fn read(message: &[u8], start: usize) -> Option<Self> {
        let fixed = skip_name(message, start)?;
        let end = fixed + 10 + usize::from(u16_at(message, fixed + 8)?);
        (end <= message.len()).then_some(Self { start, fixed, end })
    }

    /// Its type.
    #[inline]
    pub(crate) fn rtype(self, message: &[u8]) -> u16 {
        u16_at(message, self.fixed).unwrap_or_default()
    }

    /// Its data.
    #[inline]
    pub(crate) fn data(self, message: &[u8]) -> &[u8] {
        message.get(self.fixed + 10..self.end).unwrap_or_default()
    }
}
