//! Reads netlink messages and attributes. Never trusts a length.

use thiserror::Error;

use super::writer::NESTED;
use super::{FAMILY_HEADER, HEADER};

/// An answer that is not what netlink prescribes.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("malformed netlink answer: {what} at octet {offset}")]
pub struct Malformed {
    /// What is wrong.
    pub what: &'static str,
    /// Where, counted from the start of what was being read.
    pub offset: usize,
}

/// A netlink message; `payload` is what follows the header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    pub(crate) kind: u16,
    pub(crate) flags: u16,
    pub(crate) sequence: u32,
    /// The port of the socket whose request caused it.
    pub(crate) port: u32,
    pub(crate) payload: &'a [u8],
}

impl<'a> Message<'a> {
    /// The attributes behind the header of nfnetlink.
    pub(crate) fn attributes(&self) -> Attributes<'a> {
        Attributes::new(self.payload.get(FAMILY_HEADER..).unwrap_or_default())
    }

    /// The address family in the header of nfnetlink.
    pub(crate) fn family(&self) -> u8 {
        self.payload.first().copied().unwrap_or_default()
    }
}

/// The messages of a datagram. Ends after the first that is malformed.
#[derive(Clone, Debug)]
pub(crate) struct Messages<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Messages<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            offset: 0,
        }
    }

    fn stop(&mut self, what: &'static str) -> Malformed {
        self.rest = &[];
        Malformed {
            what,
            offset: self.offset,
        }
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let Some(len) = u32_ne(self.rest, 0).and_then(|len| usize::try_from(len).ok()) else {
            return Some(Err(self.stop("message without header")));
        };
        let (Some(message), true) = (self.rest.get(..len), len >= HEADER) else {
            return Some(Err(self.stop("message length")));
        };
        // Lengths do not count padding, and the last message may have none.
        let step = len.next_multiple_of(4);
        self.rest = self.rest.get(step..).unwrap_or_default();
        self.offset += step;
        Some(Ok(Message {
            kind: u16_ne(message, 4).unwrap_or_default(),
            flags: u16_ne(message, 6).unwrap_or_default(),
            sequence: u32_ne(message, 8).unwrap_or_default(),
            port: u32_ne(message, 12).unwrap_or_default(),
            payload: message.get(HEADER..).unwrap_or_default(),
        }))
    }
}

/// An attribute, its flags removed from `kind`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attribute<'a> {
    pub(crate) kind: u16,
    pub(crate) payload: &'a [u8],
    /// `NLA_F_NESTED` is set: its payload are attributes. The kernel does not set it on all that have some.
    pub(crate) nested: bool,
    /// Where the attribute's header starts.
    pub(crate) offset: usize,
}

/// Attributes one after another. Ends after the first that is malformed.
#[derive(Clone, Debug)]
pub(crate) struct Attributes<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Attributes<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            offset: 0,
        }
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<Attribute<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        // Fewer octets than a header are padding at the end.
        let len = usize::from(u16_ne(self.rest, 0)?);
        let kind = u16_ne(self.rest, 2)?;
        let offset = self.offset;
        let Some(payload) = self.rest.get(4..len) else {
            // Without a valid length nobody knows where the next attribute begins.
            self.rest = &[];
            let what = "attribute length";
            return Some(Err(Malformed { what, offset }));
        };
        let step = len.next_multiple_of(4);
        self.rest = self.rest.get(step..).unwrap_or_default();
        self.offset += step;
        Some(Ok(Attribute {
            // The upper bits are NLA_F_NESTED and NLA_F_NET_BYTEORDER.
            kind: kind & 0x3fff,
            payload,
            nested: kind & NESTED != 0,
            offset,
        }))
    }
}

impl<'a> Attribute<'a> {
    pub(crate) fn nested(&self) -> Attributes<'a> {
        Attributes::new(self.payload)
    }

    pub(crate) fn u8(&self) -> Result<u8, Malformed> {
        self.payload.first().copied().ok_or(self.short())
    }

    pub(crate) fn u16(&self) -> Result<u16, Malformed> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&self) -> Result<u32, Malformed> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&self) -> Result<u64, Malformed> {
        self.array().map(u64::from_be_bytes)
    }

    /// The first `N` octets.
    pub(crate) fn array<const N: usize>(&self) -> Result<[u8; N], Malformed> {
        self.payload.first_chunk().copied().ok_or(self.short())
    }

    /// A text up to its NUL; octets that are not UTF-8 are replaced.
    pub(crate) fn text(&self) -> String {
        let end = self.payload.iter().position(|octet| *octet == 0);
        let text = self
            .payload
            .get(..end.unwrap_or(self.payload.len()))
            .unwrap_or_default();
        String::from_utf8_lossy(text).into_owned()
    }

    fn short(&self) -> Malformed {
        Malformed {
            what: "value is too short",
            offset: self.offset,
        }
    }
}

/// A 16-bit integer in the order of the host, as headers have them.
pub(crate) fn u16_ne(bytes: &[u8], at: usize) -> Option<u16> {
    let field = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_ne_bytes(*field))
}

/// A 32-bit integer in the order of the host, as headers have them.
pub(crate) fn u32_ne(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_ne_bytes(*field))
}
