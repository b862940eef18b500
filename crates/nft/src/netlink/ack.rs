//! Acknowledgements and errors, with the extended part that newer kernels give.

use super::HEADER;
use super::flag;
use super::parse::{Attributes, Malformed, Message, u32_ne};

const TEXT: u16 = 1;
const OFFSET: u16 = 2;

/// The kernel's answer to one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ack {
    /// 0, or the positive number of the error.
    pub(crate) errno: i32,
    /// The kernel's explanation.
    pub(crate) text: Option<String>,
    /// Octet of the message (its header included) where the attribute at fault starts.
    pub(crate) offset: Option<usize>,
}

/// Decodes a message of type [`kind::ERROR`](super::kind::ERROR).
pub(crate) fn decode_ack(message: &Message<'_>) -> Result<Ack, Malformed> {
    let short = Malformed {
        what: "acknowledgement is too short",
        offset: 0,
    };
    // `struct nlmsgerr` begins with the negative number of the error; so does the payload of NLMSG_DONE.
    let errno = u32_ne(message.payload, 0).ok_or(short)?.cast_signed();
    let mut ack = Ack {
        errno: errno.checked_neg().unwrap_or(i32::MAX),
        text: None,
        offset: None,
    };
    if message.flags & flag::ACK_ATTRIBUTES == 0 {
        return Ok(ack);
    }
    for attribute in Attributes::new(behind_original(message)) {
        let attribute = attribute?;
        match attribute.kind {
            TEXT => ack.text = Some(attribute.text()),
            // An exception: attributes of netlink itself are in the order of the host.
            OFFSET => ack.offset = u32_ne(attribute.payload, 0).and_then(|at| usize::try_from(at).ok()),
            _ => {}
        }
    }
    Ok(ack)
}

/// What follows the copy of the acknowledged message: of its header only (`NLM_F_CAPPED`), or of all of it.
fn behind_original<'a>(message: &Message<'a>) -> &'a [u8] {
    let original = message.payload.get(4..).unwrap_or_default();
    let len = u32_ne(original, 0).and_then(|len| usize::try_from(len).ok());
    let skip = match len {
        // The length is that of the original message, whether all of it is copied or not.
        Some(len) if message.flags & flag::CAPPED == 0 => len.checked_next_multiple_of(4),
        _ => Some(HEADER),
    };
    original.get(skip.unwrap_or(usize::MAX)..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::Messages;

    /// An acknowledgement of a message whose length was 20, with a text and an offset.
    fn extended(errno: i32, flags: u16, original: &[u8]) -> Vec<u8> {
        let text = [8, 0, 1, 0, b'w', b'h', b'y', 0];
        let offset = [8, 0, 2, 0, 20, 0, 0, 0];
        let body = [&(-errno).to_ne_bytes()[..], original, &text, &offset].concat();
        let len = u32::try_from(body.len() + HEADER).expect("short");
        let mut bytes = len.to_ne_bytes().to_vec();
        bytes.extend([2, 0]);
        bytes.extend(flags.to_ne_bytes());
        bytes.extend([7, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend(body);
        bytes
    }

    fn decode(bytes: &[u8]) -> Ack {
        let message = Messages::new(bytes)
            .next()
            .expect("a message")
            .expect("well-formed");
        decode_ack(&message).expect("an acknowledgement")
    }

    #[test]
    fn text_and_offset_follow_the_original_or_its_header() {
        let expected = Ack {
            errno: 2,
            text: Some("why".into()),
            offset: Some(20),
        };
        let mut original = [0; 20];
        original[0] = 20;
        assert_eq!(decode(&extended(2, flag::ACK_ATTRIBUTES, &original)), expected);
        let capped = flag::ACK_ATTRIBUTES | flag::CAPPED;
        assert_eq!(decode(&extended(2, capped, &original[..16])), expected);
        let plain = decode(&extended(2, flag::CAPPED, &original[..16]));
        assert_eq!((plain.text, plain.offset), (None, None));
    }

    #[test]
    fn a_length_that_lies_is_survived() {
        let mut original = [0xff; 20];
        original[4] = 1;
        let ack = decode(&extended(1, flag::ACK_ATTRIBUTES, &original));
        assert_eq!((ack.errno, ack.text), (1, None));
    }
}
