//! Tables, chains, rules, sets and counters in lists.

use super::values::{counter_values, verdict};
use crate::netlink::{Attributes, Malformed, Message};
use crate::object::{Counter, Family, Ownership, comment_of};
use crate::types::{DataType, Verdict, from_number};

/// A table that the kernel has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedTable {
    /// The packets that it sees.
    pub family: Family,
    /// Its name.
    pub name: String,
    /// Its number.
    pub handle: u64,
    /// Its chains are not hooked.
    pub dormant: bool,
    /// Who may change it.
    pub ownership: Ownership,
    /// The connection that owns it ([`Connection::port`](crate::Connection::port)), if one does now.
    pub owner: Option<u32>,
}

/// A chain that the kernel has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedChain {
    /// Its table.
    pub table: String,
    /// Its name.
    pub name: String,
    /// Its number.
    pub handle: u64,
    /// The kernel calls it.
    pub base: bool,
    /// Rules and elements that lead to it, and rules in it.
    pub uses: u32,
}

/// A rule that the kernel has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRule {
    /// Its table.
    pub table: String,
    /// Its chain.
    pub chain: String,
    /// Its number.
    pub handle: u64,
    /// Its comment.
    pub comment: Option<String>,
    /// What becomes of packets that it matches, where that is the same for all.
    pub verdict: Option<Verdict>,
}

/// A set or map that the kernel has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSet {
    /// Its table.
    pub table: String,
    /// Its name.
    pub name: String,
    /// Its number.
    pub handle: u64,
    /// The types of its key, if all are known.
    pub key: Option<Vec<DataType>>,
    /// It belongs to a rule.
    pub anonymous: bool,
    /// It leads to something.
    pub map: bool,
}

/// `NFT_TABLE_F_DORMANT`, `NFT_TABLE_F_OWNER`, `NFT_TABLE_F_PERSIST`
const DORMANT: u32 = 1;
const OWNER: u32 = 2;
const PERSIST: u32 = 4;
/// `NFT_SET_ANONYMOUS`, `NFT_SET_MAP`
const ANONYMOUS: u32 = 1;
const MAP: u32 = 8;
/// `NFT_OBJECT_COUNTER`
const COUNTER: u32 = 1;

/// A table; nothing if its family is not known here (`arp`).
pub(crate) fn table(message: &Message<'_>) -> Result<Option<ListedTable>, Malformed> {
    let Some(family) = Family::from_number(message.family()) else {
        return Ok(None);
    };
    let (mut name, mut handle, mut flags, mut owner) = (String::new(), 0, 0, None);
    for attribute in message.attributes() {
        let attribute = attribute?;
        // `enum nft_table_attributes`
        match attribute.kind {
            1 => name = attribute.text(),
            2 => flags = attribute.u32()?,
            4 => handle = attribute.u64()?,
            7 => owner = Some(attribute.u32()?),
            _ => {}
        }
    }
    let ownership = match flags & (OWNER | PERSIST) {
        0 => Ownership::Shared,
        OWNER => Ownership::Owned,
        _ => Ownership::OwnedPersistent,
    };
    Ok(Some(ListedTable {
        family,
        name,
        handle,
        dormant: flags & DORMANT != 0,
        ownership,
        owner,
    }))
}

/// A chain.
pub(crate) fn chain(message: &Message<'_>) -> Result<ListedChain, Malformed> {
    let mut chain = ListedChain {
        table: String::new(),
        name: String::new(),
        handle: 0,
        base: false,
        uses: 0,
    };
    for attribute in message.attributes() {
        let attribute = attribute?;
        // `enum nft_chain_attributes`
        match attribute.kind {
            1 => chain.table = attribute.text(),
            2 => chain.handle = attribute.u64()?,
            3 => chain.name = attribute.text(),
            // Only base chains have a hook.
            4 => chain.base = true,
            6 => chain.uses = attribute.u32()?,
            _ => {}
        }
    }
    Ok(chain)
}

/// A rule.
pub(crate) fn rule(message: &Message<'_>) -> Result<ListedRule, Malformed> {
    let mut rule = ListedRule {
        table: String::new(),
        chain: String::new(),
        handle: 0,
        comment: None,
        verdict: None,
    };
    for attribute in message.attributes() {
        let attribute = attribute?;
        // `enum nft_rule_attributes`
        match attribute.kind {
            1 => rule.table = attribute.text(),
            2 => rule.chain = attribute.text(),
            3 => rule.handle = attribute.u64()?,
            4 => rule.verdict = last_verdict(attribute.nested())?,
            7 => rule.comment = comment_of(0, attribute.payload),
            _ => {}
        }
    }
    Ok(rule)
}

/// The verdict that the last expression of a rule has, whatever the packet.
fn last_verdict(expressions: Attributes<'_>) -> Result<Option<Verdict>, Malformed> {
    let mut last = None;
    for expression in expressions {
        let (mut name, mut data) = (String::new(), None);
        for part in expression?.nested() {
            let part = part?;
            match part.kind {
                1 => name = part.text(),
                2 => data = Some(part.nested()),
                _ => {}
            }
        }
        // A verdict before the last expression depends on what comes before it.
        last = match data {
            Some(data) if name == "immediate" => immediate(data)?,
            _ => None,
        };
    }
    Ok(last)
}

/// The verdict that an expression stores.
fn immediate(attributes: Attributes<'_>) -> Result<Option<Verdict>, Malformed> {
    for attribute in attributes {
        let attribute = attribute?;
        let stored = attribute
            .nested()
            .map_while(Result::ok)
            .find(|value| value.kind == 2);
        if let (2, Some(stored)) = (attribute.kind, stored) {
            return verdict(stored.nested());
        }
    }
    Ok(None)
}

/// A set.
pub(crate) fn set(message: &Message<'_>) -> Result<ListedSet, Malformed> {
    let mut set = ListedSet {
        table: String::new(),
        name: String::new(),
        handle: 0,
        key: None,
        anonymous: false,
        map: false,
    };
    for attribute in message.attributes() {
        let attribute = attribute?;
        // `enum nft_set_attributes`
        match attribute.kind {
            1 => set.table = attribute.text(),
            2 => set.name = attribute.text(),
            3 => {
                let flags = attribute.u32()?;
                set.anonymous = flags & ANONYMOUS != 0;
                set.map = flags & MAP != 0;
            }
            4 => set.key = from_number(attribute.u32()?),
            16 => set.handle = attribute.u64()?,
            _ => {}
        }
    }
    Ok(set)
}

/// A counter; nothing if the object is none.
pub(crate) fn counter(message: &Message<'_>) -> Result<Option<Counter>, Malformed> {
    let mut counter = Counter::new("");
    let mut kind = COUNTER;
    for attribute in message.attributes() {
        let attribute = attribute?;
        // `enum nft_object_attributes`
        match attribute.kind {
            2 => counter.name = attribute.text(),
            3 => kind = attribute.u32()?,
            4 => (counter.packets, counter.bytes) = counter_values(attribute.nested())?,
            8 => counter.comment = comment_of(0, attribute.payload),
            _ => {}
        }
    }
    Ok((kind == COUNTER).then_some(counter))
}
