//! What the fuzz targets and the property tests call.

use std::time::Duration;

use crate::addresses;
use crate::batch::Batch;
use crate::conntrack;
use crate::difference::{Wanted, covers};
use crate::logged::Logged;
use crate::netlink::{FAMILY_HEADER, Malformed, Messages, decode_ack};
use crate::object::{Chain, ChainType, Element, Family, Hook, MapData, Rule, Set, Table};
use crate::read::{self, ElementReader};
use crate::ruleset::Ruleset;
use crate::statement::{Ct, Field, Header, Key, Meta};
use crate::types::{Data, DataType, Verdict};

/// Reads octets as the answer to every request that there is. Whatever they are, this ends without a panic.
/// Returns how many objects it found.
///
/// # Errors
///
/// The first thing that is malformed, which a request would report.
pub fn answer(octets: &[u8]) -> Result<usize, Malformed> {
    let sets = sets();
    let mut readers: Vec<ElementReader<'_>> = sets.iter().map(ElementReader::new).collect();
    let ruleset = ruleset();
    let wanted = Wanted::of(&ruleset);
    let mut found = 0;
    for message in Messages::new(octets) {
        let message = message?;
        for chain in wanted.chains.values() {
            let listed = message.payload.get(FAMILY_HEADER..).unwrap_or_default();
            found += usize::from(covers(listed, &chain.attributes)?);
        }
        let _acknowledged = decode_ack(&message);
        found += usize::from(matches!(read::table(&message), Ok(Some(_))));
        found += usize::from(read::chain(&message).is_ok());
        found += usize::from(read::rule(&message).is_ok());
        found += usize::from(read::set(&message).is_ok());
        found += usize::from(matches!(read::counter(&message), Ok(Some(_))));
        found += usize::from(matches!(addresses::address(&message), Ok(Some(_))));
        found += usize::from(conntrack::read_and_write_again(&message)?);
        found += usize::from(Logged::read(&message).is_ok_and(|packet| packet.tuple().is_some()));
        for reader in &mut readers {
            let _taken = reader.take(&message);
        }
    }
    for reader in readers {
        found += reader.finish().map_or(0, |elements| elements.len());
    }
    Ok(found)
}

/// A table with which answers are compared.
fn ruleset() -> Ruleset {
    let mut ruleset = Ruleset::new(Table::new(Family::Inet, "t"));
    let base = Chain::base("c", ChainType::Filter, Hook::Input, 0);
    ruleset.chain(base, []).chain(Chain::regular("d"), []);
    ruleset
}

/// A set of each kind.
fn sets() -> Vec<Set> {
    let pair = [DataType::Ipv4Addr, DataType::InetService];
    vec![
        Set::new("names", [DataType::IfName]),
        Set::new("ranges", [DataType::Ipv4Addr]).interval(),
        Set::new("pairs", pair).interval().counters(),
        Set::vmap("verdicts", [DataType::InetService]).timeouts(),
        Set::map("values", [DataType::Integer], pair),
    ]
}

/// Builds a set with elements from octets, whatever they are. Returns the set, the elements that went into a
/// batch, and those that are read from the batch's messages. They must be the same, and the set's text must
/// not take a panic.
pub fn written_and_read(octets: &[u8]) -> Option<(Set, Vec<Element>, Vec<Element>)> {
    let (head, body) = octets.split_first_chunk::<4>()?;
    let set = set_of(*head)?;
    let key_len: usize = set.key.iter().map(|part| part.octets().next_multiple_of(4)).sum();
    let mut elements: Vec<Element> = Vec::new();
    for chunk in body.chunks_exact(key_len + 12).take(50) {
        let element = element(&set, chunk, key_len);
        let new = |element: &Element| elements.iter().all(|other| other.key != element.key);
        elements.extend(element.filter(|element| new(element) && set.check(element).is_ok()));
    }
    let read = round_trip(&set, &elements)?;
    let mut ruleset = Ruleset::new(Table::new(Family::Inet, "t"));
    ruleset.set(set.clone(), elements.clone());
    let _text = ruleset.to_string();
    Some((set, elements, read))
}

fn set_of([first, second, data, flags]: [u8; 4]) -> Option<Set> {
    let one = |octet: u8| {
        DataType::ALL
            .get(usize::from(octet) % DataType::ALL.len())
            .copied()
    };
    let mut key = vec![one(first)?];
    if flags & 1 != 0 {
        key.push(one(second)?);
    }
    let mut set = Set::new("s", key);
    set.data = match data % 3 {
        0 => None,
        1 => Some(MapData::Verdict),
        _ => Some(MapData::Types(vec![one(data / 3)?])),
    };
    // Ranges of single keys are put together anew, which is tested against the kernel.
    set.interval = flags & 2 != 0 && set.key.len() > 1;
    set.counters = flags & 4 != 0;
    Some(set)
}

/// An element whose key, data and times are in the octets.
fn element(set: &Set, octets: &[u8], key_len: usize) -> Option<Element> {
    let (key, rest) = octets.split_at_checked(key_len)?;
    let mut element = Element::new(Data::decode(&set.key, key)?);
    let choice = *rest.first()?;
    match &set.data {
        Some(MapData::Verdict) if choice < 128 => {
            element = element.verdict(Verdict::jump(format!("c{choice}")));
        }
        Some(MapData::Verdict) => element = element.verdict(Verdict::Drop),
        Some(MapData::Types(types)) => element = element.to(Data::decode(types, octets)?),
        None => {}
    }
    if choice & 1 != 0 {
        element = element.timeout(Duration::from_millis(u64::from(*rest.get(1)?) + 1));
    }
    if choice & 2 != 0 {
        element = element.comment(format!("comment {choice}"));
    }
    if set.counters {
        element.counter = Some((u64::from(choice), 7));
    }
    Some(element)
}

/// Reads the elements from the messages that would add them.
fn round_trip(set: &Set, elements: &[Element]) -> Option<Vec<Element>> {
    let table = Table::new(Family::Inet, "t");
    let mut batch = Batch::new();
    batch.add_elements(&table, set, elements);
    batch.check().ok()?;
    let transmission = batch.transmission(1, true);
    let mut reader = ElementReader::new(set);
    for message in Messages::new(&transmission.bytes) {
        reader.take(&message.ok()?).ok()?;
    }
    reader.finish().ok()
}

/// Compiles and prints a rule that looks at fields chosen by octets, with octets as values. Returns the text
/// of its table, if the kernel would get it.
pub fn rule(octets: &[u8]) -> Option<String> {
    let (family, rest) = octets.split_first()?;
    let families = [
        Family::Inet,
        Family::Ip,
        Family::Ip6,
        Family::Bridge,
        Family::Netdev,
    ];
    let family = *families.get(usize::from(*family) % families.len())?;
    let mut rule = Rule::new();
    for chunk in rest.chunks_exact(18).take(8) {
        rule = add(rule, chunk)?;
    }
    let mut batch = Batch::new();
    batch.add_rule(&Table::new(family, "t"), "c", &rule);
    batch.check().ok()?;
    let mut ruleset = Ruleset::new(Table::new(family, "t"));
    ruleset.chain(Chain::regular("c"), [rule]);
    Some(ruleset.to_string())
}

fn add(rule: Rule, chunk: &[u8]) -> Option<Rule> {
    let (choice, octets) = chunk.split_first_chunk::<2>()?;
    let fields = fields();
    let field = fields.get(usize::from(choice[0]) % fields.len())?.clone();
    let value = crate::types::Value::decode(field.data_type(), octets)?;
    Some(match choice[1] % 7 {
        0 => rule.is(field, value),
        1 => rule.is_not(field, value),
        2 => rule.any_bit(field, value),
        3 => rule.between(field, value.clone(), value),
        4 => rule.in_set(Key::from(field), "s"),
        5 => rule.one_of(Key::from(field), [Element::new(value)]),
        _ => rule.vmap((field, Meta::L4Proto, Header::ThDport), "m"),
    })
}

fn fields() -> Vec<Field> {
    vec![
        Header::IpSaddr.into(),
        Header::Ip6Daddr.into(),
        Header::TcpDport.into(),
        Header::ThSport.into(),
        Header::IcmpType.into(),
        Header::EtherSaddr.into(),
        Meta::Mark.into(),
        Meta::IifName.into(),
        Meta::NfProto.into(),
        Meta::L4Proto.into(),
        Ct::State.into(),
        Ct::Status.into(),
        Ct::Mark.into(),
    ]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn answers_of_any_octets_end(octets in prop::collection::vec(any::<u8>(), 0..600)) {
            let _found = answer(&octets);
        }

        #[test]
        fn answers_of_any_attributes_end(octets in attributes()) {
            let _found = answer(&octets);
        }

        #[test]
        fn elements_are_read_as_they_are_written(octets in prop::collection::vec(any::<u8>(), 4..900)) {
            if let Some((set, written, read)) = written_and_read(&octets) {
                prop_assert_eq!(written, read, "{:?}", set);
            }
        }

        #[test]
        fn rules_are_compiled_and_printed(octets in prop::collection::vec(any::<u8>(), 1..150)) {
            let _text = rule(&octets);
        }
    }

    /// A message of attributes within attributes, mostly well-formed.
    fn attributes() -> impl Strategy<Value = Vec<u8>> {
        let leaf = (0_u16..25, prop::collection::vec(any::<u8>(), 0..20))
            .prop_map(|(kind, value)| attribute(kind, &value));
        let nested = leaf.prop_recursive(4, 40, 6, |inner| {
            (0_u16..25, prop::collection::vec(inner, 0..6))
                .prop_map(|(kind, inner)| attribute(kind | 1 << 15, &inner.concat()))
        });
        prop::collection::vec(nested, 0..8).prop_map(|attributes| {
            let body = attributes.concat();
            let len = u32::try_from(body.len() + 20).expect("short");
            [
                &len.to_ne_bytes()[..],
                &[0, 10, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0],
                &body,
            ]
            .concat()
        })
    }

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let len = u16::try_from(value.len() + 4).expect("short");
        let mut octets = [&len.to_ne_bytes()[..], &kind.to_ne_bytes(), value].concat();
        octets.resize(octets.len().next_multiple_of(4), 0);
        octets
    }
}
