//! Values that several kinds of objects have.

use crate::netlink::{Attributes, Malformed};
use crate::types::Verdict;

/// A verdict; nothing if its code is not known.
pub(super) fn verdict(attributes: Attributes<'_>) -> Result<Option<Verdict>, Malformed> {
    let (mut code, mut chain) = (0, None);
    for attribute in attributes {
        let attribute = attribute?;
        // `enum nft_verdict_attributes`
        match attribute.kind {
            1 => code = attribute.u32()?.cast_signed(),
            2 => chain = Some(attribute.text()),
            _ => {}
        }
    }
    Ok(Verdict::decode(code, chain))
}

/// Packets and octets of a counter.
pub(super) fn counter_values(attributes: Attributes<'_>) -> Result<(u64, u64), Malformed> {
    let (mut packets, mut bytes) = (0, 0);
    for attribute in attributes {
        let attribute = attribute?;
        // `enum nft_counter_attributes`
        match attribute.kind {
            1 => bytes = attribute.u64()?,
            2 => packets = attribute.u64()?,
            _ => {}
        }
    }
    Ok((packets, bytes))
}
