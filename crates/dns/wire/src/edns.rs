//! EDNS(0), the OPT record (RFC 6891 section 6.1): the class is the sender's UDP size, the TTL holds the
//! upper bits of the response code, the version and flags, and the data is a list of options.

use crate::message::{MIN_UDP, Rcode, RecordAt, u16_at};

/// Record type of OPT.
pub(crate) const OPT: u16 = 41;
/// OPT without options.
const MIN_LEN: usize = 11;
/// DNSSEC OK (RFC 3225), in the TTL's lower half.
const DO: u16 = 0x8000;
/// Options that replies carry back, as CoreDNS does: NSID, EXPIRE, COOKIE, TCP-KEEPALIVE, PADDING.
const ECHOED: [u16; 5] = [3, 9, 10, 11, 12];

/// The OPT record of a query.
#[derive(Clone, Copy, Debug)]
pub struct Edns<'m> {
    /// Largest UDP message that the client takes, at least 512.
    pub udp_size: u16,
    /// Version; only 0 is defined.
    pub version: u8,
    /// DNSSEC OK.
    pub dnssec_ok: bool,
    options: &'m [u8],
}

impl<'m> Edns<'m> {
    /// Reads an OPT record; `None` if its owner is not the root or its options do not fill it.
    #[inline]
    pub(crate) fn read(message: &'m [u8], record: RecordAt) -> Option<Self> {
        // The owner must be the root (section 6.1.2): one octet.
        if record.fixed != record.start + 1 {
            return None;
        }
        let options = record.data(message);
        // Checked as a whole here, so that `echoed` may skip what it cannot read.
        Options(options).try_fold(0, |end, option| Some(end + option?.len()))?;
        Some(Self {
            // Less than 512 counts as 512 (section 6.2.3).
            udp_size: u16_at(message, record.fixed + 2)?.max(MIN_UDP as u16),
            version: *message.get(record.fixed + 5)?,
            dnssec_ok: u16_at(message, record.fixed + 6)? & DO != 0,
            options,
        })
    }

    /// Length of the record that [`Edns::write`] writes.
    #[inline]
    pub fn reply_len(&self) -> usize {
        MIN_LEN + self.echoed().map(<[u8]>::len).sum::<usize>()
    }

    /// Appends the OPT record of a reply.
    #[inline]
    pub fn write(&self, rcode: Rcode, out: &mut Vec<u8>) {
        // DO is repeated (RFC 3225 section 3); the other flags are zero.
        let flags = if self.dnssec_ok { DO } else { 0 };
        out.push(0);
        out.extend_from_slice(&OPT.to_be_bytes());
        // The client's own size, as CoreDNS says it.
        out.extend_from_slice(&self.udp_size.to_be_bytes());
        // The version is always 0: it says what the server knows, also in BADVERS (section 6.1.3).
        out.extend_from_slice(&[rcode.0 >> 4, 0]);
        out.extend_from_slice(&flags.to_be_bytes());
        out.extend_from_slice(&((self.reply_len() - MIN_LEN) as u16).to_be_bytes());
        self.echoed().for_each(|option| out.extend_from_slice(option));
    }

    fn echoed(&self) -> impl Iterator<Item = &'m [u8]> {
        let options = Options(self.options).flatten();
        options.filter(|option| u16_at(option, 0).is_some_and(|code| ECHOED.contains(&code)))
    }
}

/// Options, each with its code and length; `None` for a rest that is no option.
struct Options<'m>(&'m [u8]);

impl<'m> Iterator for Options<'m> {
    type Item = Option<&'m [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let split = u16_at(self.0, 2).and_then(|length| self.0.split_at_checked(4 + usize::from(length)));
        self.0 = split.map_or(&[], |(_, rest)| rest);
        Some(split.map(|(option, _)| option))
    }
}
