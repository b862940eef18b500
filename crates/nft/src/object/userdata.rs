//! The data that the `nft` program keeps with objects: comments, and how to print the key of a set. The
//! kernel stores and returns them without looking into them.
//!
//! Each entry is a type and a length, one octet each, and the value. Integers are in the order of the host.

use crate::statement::{Field, Key};

/// Longest comment with its NUL: `NFTNL_UDATA_COMMENT_MAXLEN` of libnftnl.
const COMMENT: usize = 128;

/// An entry.
pub(crate) fn tlv(kind: u8, value: &[u8]) -> Vec<u8> {
    let mut octets = vec![kind, u8::try_from(value.len()).unwrap_or(u8::MAX)];
    octets.extend_from_slice(value.get(..value.len().min(255)).unwrap_or_default());
    octets
}

/// An entry that holds an integer.
pub(crate) fn tlv_u32(kind: u8, value: u32) -> Vec<u8> {
    tlv(kind, &value.to_ne_bytes())
}

/// A comment, cut off where it is too long.
pub(crate) fn comment_tlv(kind: u8, comment: &str) -> Vec<u8> {
    // Half a character would leave text that is not UTF-8, which readers discard as a whole.
    let end = comment.floor_char_boundary(COMMENT - 1);
    let mut text = comment.as_bytes().get(..end).unwrap_or_default().to_vec();
    // `nft` takes a comment for none if its last octet is not NUL.
    text.push(0);
    tlv(kind, &text)
}

/// The text of the first entry of a type.
pub(crate) fn comment_of(kind: u8, userdata: &[u8]) -> Option<String> {
    let mut rest = userdata;
    while let [found, len, tail @ ..] = rest {
        let value = tail.get(..usize::from(*len))?;
        if *found == kind {
            let text = value.strip_suffix(&[0]).unwrap_or(value);
            return String::from_utf8(text.to_vec()).ok();
        }
        rest = tail.get(usize::from(*len)..).unwrap_or_default();
    }
    None
}

/// How a key is to be printed (`typeof`), for the fields for which `nft` knows that.
pub(crate) fn typeof_tlv(kind: u8, key: &Key) -> Option<Vec<u8>> {
    let inner = match key.fields() {
        [single] => field(single)?,
        fields => {
            let mut parts = Vec::new();
            for (index, one) in fields.iter().enumerate() {
                parts.extend(tlv(u8::try_from(index).ok()?, &field(one)?));
            }
            // `EXPR_CONCAT` of `nft`, as below `EXPR_NUMGEN`, `EXPR_PAYLOAD` and `EXPR_META`.
            [tlv_u32(0, 13), tlv(1, &parts)].concat()
        }
    };
    Some(tlv(kind, &inner))
}

/// An expression's number and its own data.
fn field(field: &Field) -> Option<Vec<u8>> {
    let (number, data) = match field {
        Field::Numgen(numgen) => {
            let mode = tlv_u32(0, u32::from(numgen.random));
            let parts = [mode, tlv_u32(1, numgen.modulus), tlv_u32(2, numgen.offset)];
            (23, parts.concat())
        }
        Field::Header(header) => {
            let (protocol, index) = header.description()?;
            (7, [tlv_u32(0, protocol), tlv_u32(1, index)].concat())
        }
        Field::Meta(meta) => (9, tlv_u32(0, meta.number())),
        _ => return None,
    };
    Some([tlv_u32(0, number), tlv(1, &data)].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_found_again() {
        let data = [tlv_u32(1, 7), comment_tlv(0, "hello")].concat();
        assert_eq!(comment_of(0, &data).as_deref(), Some("hello"));
        assert_eq!(comment_of(5, &data), None);
        assert_eq!(comment_of(0, &[9, 200, 1]), None);
    }

    #[test]
    fn long_comments_are_cut_between_characters() {
        let data = comment_tlv(0, &"ä".repeat(100));
        assert_eq!(comment_of(0, &data), Some("ä".repeat(63)));
    }
}
