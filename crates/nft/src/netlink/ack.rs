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
            // This one is in the order of the host.
            OFFSET => ack.offset = u32_ne(attribute.payload, 0).and_then(|at| usize::try_from(at).ok()),
            _ => {}
        }
    }
    Ok(ack)
}

/// What follows the copy of the message that is acknowledged: its header only, or all of it.
fn behind_original<'a>(message: &Message<'a>) -> &'a [u8] {
    let original = message.payload.get(4..).unwrap_or_default();
    let len = u32_ne(original, 0).and_then(|len| usize::try_from(len).ok());
    let skip = match len {
        Some(len) if message.flags & flag::CAPPED == 0 => len.checked_next_multiple_of(4),
        _ => Some(HEADER),
    };
    original.get(skip.unwrap_or(usize::MAX)..).unwrap_or_default()
}
