//! Resource records in wire format (RFC 1035 section 3.2.1), ready to be copied into a message.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::message::MAX_MESSAGE;

/// Record types that the zone knows (IANA "Resource Record (RR) TYPEs").
pub mod rtype {
    /// IPv4 address.
    pub const A: u16 = 1;
    /// Name server.
    pub const NS: u16 = 2;
    /// Alias.
    pub const CNAME: u16 = 5;
    /// Start of authority.
    pub const SOA: u16 = 6;
    /// Name of an address.
    pub const PTR: u16 = 12;
    /// Text.
    pub const TXT: u16 = 16;
    /// IPv6 address.
    pub const AAAA: u16 = 28;
    /// Service location.
    pub const SRV: u16 = 33;
    /// Incremental zone transfer.
    pub const IXFR: u16 = 251;
    /// Zone transfer.
    pub const AXFR: u16 = 252;
}

/// Class IN.
const CLASS_IN: u16 = 1;
/// A compression pointer to the question's name, which always starts right behind the header (RFC 1035
/// section 4.1.4): an owner of two octets, and the client's spelling in every record.
const QUESTION: [u8; 2] = [0xC0, 12];

/// A run of records: a stored RRset that is borrowed, or one that was assembled for the question.
///
/// Owners are compression pointers to the question's name (`0xC00C`) or whole names, so that the run may
/// follow any question whose name is the owner.
#[derive(Clone, Debug, Default)]
pub struct Records<'s> {
    count: usize,
    bytes: Cow<'s, [u8]>,
}

impl<'s> Records<'s> {
    /// A single record in wire format.
    pub fn one(record: &[u8]) -> Self {
        Self {
            count: 1,
            bytes: Cow::Owned(record.to_vec()),
        }
    }

    /// Number of records.
    #[inline]
    pub fn count(&self) -> usize {
        self.count
    }

    /// All records, one after the other.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The length of each record, if all are addresses of one family owned by the question's name and thus
    /// equally long.
    #[inline]
    pub(crate) fn uniform_len(&self) -> Option<usize> {
        // Owner, type, class, TTL, length: addresses are the only records whose length is given by their
        // type.
        let len = match self.bytes.get(..12)? {
            [0xC0, 12, 0, 1, .., 0, 4] => 16,
            [0xC0, 12, 0, 28, .., 0, 16] => 28,
            _ => return None,
        };
        // The first record speaks for all only if the sum is right: a CNAME chain is not uniform.
        (self.bytes.len() == len * self.count).then_some(len)
    }

    /// The records, one by one.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest: &[u8] = &self.bytes;
        std::iter::from_fn(move || {
            let (record, after) = rest.split_at_checked(record_len(rest)?)?;
            rest = after;
            Some(record)
        })
    }

    /// The same records, independent of the snapshot.
    pub fn into_owned(self) -> Records<'static> {
        Records {
            count: self.count,
            bytes: Cow::Owned(self.bytes.into_owned()),
        }
    }

    /// Appends a whole record in wire format. It must contain no compression pointers but to the question's
    /// name.
    pub fn append(&mut self, record: &[u8]) {
        self.bytes.to_mut().extend_from_slice(record);
        self.count += 1;
    }

    /// The same records, borrowed.
    #[inline]
    pub fn view(&self) -> Records<'_> {
        Records {
            count: self.count,
            bytes: Cow::Borrowed(&self.bytes),
        }
    }

    /// Whether there is no room for more in any message.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.bytes.len() > MAX_MESSAGE
    }

    /// Gives back memory that is not used: RRsets are kept as long as their Service.
    pub fn shrink(&mut self) {
        self.bytes.to_mut().shrink_to_fit();
    }

    /// Appends a record with the type's data in wire format.
    #[inline]
    pub fn push(&mut self, owner: Owner<'_>, rtype: u16, ttl: u32, data: &[&[u8]]) {
        let bytes = self.bytes.to_mut();
        match owner {
            Owner::Question => bytes.extend_from_slice(&QUESTION),
            Owner::Name(parts) => parts.iter().for_each(|part| bytes.extend_from_slice(part)),
        }
        let len: usize = data.iter().map(|part| part.len()).sum();
        bytes.extend_from_slice(&rtype.to_be_bytes());
        bytes.extend_from_slice(&CLASS_IN.to_be_bytes());
        bytes.extend_from_slice(&ttl.to_be_bytes());
        bytes.extend_from_slice(&(len as u16).to_be_bytes());
        data.iter().for_each(|part| bytes.extend_from_slice(part));
        self.count += 1;
    }

    /// Appends an A or AAAA record.
    #[inline]
    pub fn push_address(&mut self, owner: Owner<'_>, ttl: u32, address: IpAddr) {
        match address {
            IpAddr::V4(v4) => self.push(owner, rtype::A, ttl, &[&v4.octets()]),
            IpAddr::V6(v6) => self.push(owner, rtype::AAAA, ttl, &[&v6.octets()]),
        }
    }

    /// Appends records that are owned by the question's name, now owned by another.
    pub fn push_renamed(&mut self, owner: &[u8], records: &Records<'_>) {
        for record in records.iter() {
            let bytes = self.bytes.to_mut();
            bytes.extend_from_slice(owner);
            bytes.extend_from_slice(record.get(QUESTION.len()..).unwrap_or_default());
            self.count += 1;
        }
    }
}

/// Owner of a record.
#[derive(Clone, Copy)]
pub enum Owner<'a> {
    /// The question's name.
    Question,
    /// A name in wire format, in parts.
    Name(&'a [&'a [u8]]),
}

/// Length of the record at the start of `bytes`.
fn record_len(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match usize::from(*bytes.get(at)?) {
            0 => {
                at += 1;
                break;
            }
            0xC0.. => {
                at += 2;
                break;
            }
            length => at += 1 + length,
        }
    }
    let data = bytes.get(at + 8..at + 10)?;
    Some(at + 10 + usize::from(u16::from_be_bytes(data.try_into().ok()?)))
}

/// The record type that holds an address.
#[inline]
pub fn type_of(address: IpAddr) -> u16 {
    match address {
        IpAddr::V4(_) => rtype::A,
        IpAddr::V6(_) => rtype::AAAA,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_sets_are_uniform() {
        let mut records = Records::default();
        assert_eq!(records.uniform_len(), None);
        records.push_address(Owner::Question, 5, IpAddr::from([10, 0, 0, 1]));
        records.push_address(Owner::Question, 5, IpAddr::from([10, 0, 0, 2]));
        assert_eq!(records.uniform_len(), Some(16));
        assert_eq!(records.iter().map(<[u8]>::len).collect::<Vec<_>>(), [16, 16]);
        records.push_address(Owner::Question, 5, IpAddr::from([0; 16]));
        assert_eq!(records.uniform_len(), None);
        assert_eq!(records.iter().count(), records.count());
    }

    #[test]
    fn renames_records() {
        let mut records = Records::default();
        records.push_address(Owner::Question, 5, IpAddr::from([10, 0, 0, 1]));
        let mut renamed = Records::default();
        renamed.push_renamed(b"\x01a\0", &records);
        assert_eq!(
            renamed.as_bytes(),
            b"\x01a\0\0\x01\0\x01\0\0\0\x05\0\x04\x0a\0\0\x01"
        );
    }
}
