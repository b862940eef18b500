//! The SOA record of our zones: in the authority section of negative answers (RFC 2308) and as the answer at
//! the apex.

use kinglet_dns_wire::rtype;

/// Length of the record: its names are compressed against the zone's name in the question.
const LEN: usize = 54;
/// Where the three pointers to the zone's name stand: owner, end of MNAME, end of RNAME.
const POINTERS: [usize; 3] = [0, 19, 32];
/// Where the serial stands.
const SERIAL: usize = 34;
/// Longest time that resolvers may keep the SOA record itself (CoreDNS caps it at 300 seconds).
const MAX_TTL: u32 = 300;

/// An SOA record in wire format, valid behind one question.
///
/// MNAME is `ns.dns.<zone>`, RNAME `hostmaster.<zone>`, refresh 7200, retry 1800, expire 86400 seconds;
/// MINIMUM is the zone's TTL and with it the time for which a negative answer may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Soa([u8; LEN]);

impl Soa {
    /// The record of a zone whose records have this TTL, in seconds.
    pub(crate) fn new(ttl: u32, serial: u32) -> Self {
        let mut record = Vec::with_capacity(LEN);
        record.extend_from_slice(&[0, 0]);
        record.extend_from_slice(&rtype::SOA.to_be_bytes());
        record.extend_from_slice(&[0, 1]);
        record.extend_from_slice(&ttl.min(MAX_TTL).to_be_bytes());
        record.extend_from_slice(&[0, (LEN - 12) as u8]);
        record.extend_from_slice(b"\x02ns\x03dns\0\0\x0ahostmaster\0\0");
        for number in [serial, 7_200, 1_800, 86_400, ttl] {
            record.extend_from_slice(&number.to_be_bytes());
        }
        let mut bytes = [0; LEN];
        bytes
            .iter_mut()
            .zip(record)
            .for_each(|(byte, value)| *byte = value);
        Self(bytes)
    }

    /// The record for a question in whose name the zone's name starts at `offset`: so the zone is spelled as
    /// it was asked.
    pub(crate) fn at(mut self, offset: usize) -> Self {
        // The question's name starts behind the header of 12 octets.
        let [high, low] = (0xC000 | (12 + offset) as u16).to_be_bytes();
        for at in POINTERS {
            if let Some([first, second]) = self.0.get_mut(at..at + 2) {
                (*first, *second) = (high, low);
            }
        }
        self
    }

    /// The record in wire format.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The zone's serial.
    pub fn serial(&self) -> u32 {
        self.0
            .get(SERIAL..SERIAL + 4)
            .and_then(|bytes| bytes.try_into().ok())
            .map_or(0, u32::from_be_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_at_the_zone_in_the_question() {
        let soa = Soa::new(5, 7).at(4);
        for at in POINTERS {
            assert_eq!(soa.0[at..at + 2], [0xC0, 16]);
        }
        assert_eq!(soa.serial(), 7);
        assert_eq!(soa.0[50..], [0, 0, 0, 5]);
        assert_eq!(soa.0[10..12], [0, 42]);
    }
}
