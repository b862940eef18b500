//! Whether the attributes that describe an object in the kernel are those that make it.

use crate::netlink::{Attribute, Attributes, Malformed};

/// Whether all that is wanted is listed. The kernel lists in an order of its own, and also what it chose
/// itself.
pub(crate) fn covers(listed: &[u8], wanted: &[u8]) -> Result<bool, Malformed> {
    let (listed, wanted) = (read(listed)?, read(wanted)?);
    for one in &wanted {
        // Attributes of one kind are a list, such as expressions: their order counts.
        let before = of_kind(&wanted, one.kind).take_while(|other| other.offset < one.offset);
        let same = match of_kind(&listed, one.kind).nth(before.count()) {
            Some(listed) => is_same(listed, one)?,
            None => is_nothing(one),
        };
        // One more of a kind is one more expression or part; of other kinds the kernel adds handles and use
        // counts.
        if !same || of_kind(&listed, one.kind).count() > of_kind(&wanted, one.kind).count() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn of_kind<'a>(attributes: &'a [Attribute<'a>], kind: u16) -> impl Iterator<Item = &'a Attribute<'a>> {
    attributes.iter().filter(move |attribute| attribute.kind == kind)
}

fn read(attributes: &[u8]) -> Result<Vec<Attribute<'_>>, Malformed> {
    Attributes::new(attributes).collect()
}

/// Zero and an empty list are what the kernel may leave out.
fn is_nothing(attribute: &Attribute<'_>) -> bool {
    attribute.payload.iter().all(|octet| *octet == 0)
}

fn is_same(listed: &Attribute<'_>, wanted: &Attribute<'_>) -> Result<bool, Malformed> {
    if !wanted.nested {
        return Ok(listed.payload == wanted.payload);
    }
    // Counters of rules count packets, so that their values always differ.
    if is_counter(wanted) {
        return Ok(is_counter(listed));
    }
    covers(listed.payload, wanted.payload)
}

/// Whether it is an expression that counts: what it has counted is not compared.
fn is_counter(expression: &Attribute<'_>) -> bool {
    let name = expression.nested().map_while(Result::ok).next();
    name.is_some_and(|name| name.kind == 1 && name.payload == b"counter\0")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::Writer;

    fn written(fill: impl FnOnce(&mut Writer)) -> Vec<u8> {
        let mut writer = Writer::default();
        fill(&mut writer);
        writer.finish()
    }

    fn numbers(attributes: &[(u16, u32)]) -> Vec<u8> {
        written(|writer| {
            for (kind, value) in attributes {
                writer.u32(*kind, *value);
            }
        })
    }

    fn is_covered(listed: &[u8], wanted: &[u8]) -> bool {
        covers(listed, wanted).unwrap()
    }

    #[test]
    fn order_counts_only_within_a_kind() {
        let wanted = numbers(&[(1, 5), (2, 6), (2, 7)]);
        assert!(is_covered(&numbers(&[(2, 6), (1, 5), (3, 9), (2, 7)]), &wanted));
        for wrong in [
            &[(1, 5), (2, 7), (2, 6)][..],
            &[(1, 5), (2, 6)],
            &[(1, 5), (2, 6), (2, 7), (2, 7)],
            &[(1, 4), (2, 6), (2, 7)],
        ] {
            assert!(!is_covered(&numbers(wrong), &wanted), "{wrong:?}");
        }
    }

    #[test]
    fn what_is_nested_is_compared_alike_and_counts_are_not() {
        let expression = |name: &str, value| {
            written(|writer| {
                writer.nested(1, |writer| {
                    writer.text(1, name);
                    writer.nested(2, |writer| writer.u32(1, value));
                });
            })
        };
        assert!(is_covered(&expression("limit", 1), &expression("limit", 1)));
        assert!(!is_covered(&expression("limit", 2), &expression("limit", 1)));
        assert!(is_covered(&expression("counter", 2), &expression("counter", 1)));
        assert!(!is_covered(&expression("limit", 1), &expression("counter", 1)));
        let empty = written(|writer| writer.nested(1, |_| {}));
        assert!(is_covered(&[], &empty));
        assert!(is_covered(&[], &numbers(&[(1, 0)])));
        assert!(!is_covered(&numbers(&[(1, 1)]), &numbers(&[(1, 0)])));
        assert!(!is_covered(&[], &expression("limit", 1)));
    }
}
