//! Lists of what the kernel has. The kernel dumps a long list in several datagrams and lets others change it
//! between them; it then marks the dump as interrupted, and the list is asked for again.

use super::Connection;
use crate::error::Error;
use crate::netlink::{Message, Writer, flag};
use crate::object::{Counter, Element, Set, Table};
use crate::read::{
    ElementReader, ListedChain, ListedRule, ListedSet, ListedTable, chain, counter, rule, set, table,
};

/// `enum nf_tables_msg_types`
const GET_TABLE: u16 = 1;
pub(super) const GET_CHAIN: u16 = 4;
pub(super) const GET_RULE: u16 = 7;
pub(super) const GET_SET: u16 = 10;
const GET_ELEMENTS: u16 = 13;
const GET_OBJECT: u16 = 19;

/// Attempts to get a list that changes each time. Somebody who changes rules all the time must not keep the
/// caller forever.
const ATTEMPTS: usize = 20;

impl Connection {
    /// The tables of all families.
    pub fn tables(&mut self) -> Result<Vec<ListedTable>, Error> {
        self.list(
            "list tables",
            GET_TABLE,
            0,
            |_| {},
            |message, tables| {
                tables.extend(table(message)?);
                Ok(())
            },
        )
    }

    /// The table of this name, if there is one.
    pub fn table(&mut self, wanted: &Table) -> Result<Option<ListedTable>, Error> {
        let mut tables = self.tables()?.into_iter();
        Ok(tables.find(|table| table.family == wanted.family && table.name == wanted.name))
    }

    /// As [`table`](Self::table), if this connection may change it: another one does not own it.
    pub fn table_to_change(&mut self, wanted: &Table) -> Result<Option<ListedTable>, Error> {
        let listed = self.table(wanted)?;
        let port = self.port();
        // A persistent table whose owner is gone has none, and may be adopted.
        match listed.as_ref().and_then(|table| table.owner) {
            Some(owner) if owner != port => Err(Error::Owned {
                table: format!("{} {}", wanted.family, wanted.name),
                owner,
            }),
            _ => Ok(listed),
        }
    }

    /// The chains of a table; none if there is no such table.
    pub fn chains(&mut self, table: &Table) -> Result<Vec<ListedChain>, Error> {
        let family = table.family.number();
        // The kernel cannot filter chains by table: it lists those of all tables.
        self.list(
            "list chains",
            GET_CHAIN,
            family,
            |_| {},
            |message, chains| {
                let listed = chain(message)?;
                if listed.table == table.name && message.family() == family {
                    chains.push(listed);
                }
                Ok(())
            },
        )
    }

    /// The rules of a table, or of one chain, in their order; none if there is no such table or chain.
    pub fn rules(&mut self, table: &Table, chain: Option<&str>) -> Result<Vec<ListedRule>, Error> {
        let fill = |writer: &mut Writer| {
            // `NFTA_RULE_TABLE`, `NFTA_RULE_CHAIN`: the kernel lists only rules that match both.
            writer.text(1, &table.name);
            if let Some(chain) = chain {
                writer.text(2, chain);
            }
        };
        self.list(
            "list rules",
            GET_RULE,
            table.family.number(),
            fill,
            |message, rules| {
                rules.push(rule(message)?);
                Ok(())
            },
        )
    }

    /// The sets and maps of a table, those of rules too; none if there is no such table.
    pub fn sets(&mut self, table: &Table) -> Result<Vec<ListedSet>, Error> {
        let fill = |writer: &mut Writer| writer.text(1, &table.name);
        let listed = self.list(
            "list sets",
            GET_SET,
            table.family.number(),
            fill,
            |message, sets| {
                sets.push(set(message)?);
                Ok(())
            },
        );
        none_if_missing(listed)
    }

    /// The elements of a set or map, whose types and properties the caller knows; without a table or set of
    /// this name, an error (`ENOENT`).
    pub fn elements(&mut self, table: &Table, set: &Set) -> Result<Vec<Element>, Error> {
        let fill = |writer: &mut Writer| {
            // `NFTA_SET_ELEM_LIST_TABLE`, `NFTA_SET_ELEM_LIST_SET`
            writer.text(1, &table.name);
            writer.text(2, &set.name);
        };
        self.retried(|connection| {
            let mut reader = ElementReader::new(set);
            let family = table.family.number();
            connection.request(
                "list elements",
                GET_ELEMENTS,
                flag::DUMP,
                family,
                fill,
                |message| Ok(reader.take(message)?),
            )?;
            // A dump of elements may be inconsistent without being marked as interrupted.
            if reader.inconsistent() {
                return Err(Error::Interrupted);
            }
            Ok(reader.finish()?)
        })
    }

    /// The named counters of a table, with their values; none if there is no such table.
    pub fn counters(&mut self, table: &Table) -> Result<Vec<Counter>, Error> {
        let fill = |writer: &mut Writer| {
            // `NFTA_OBJ_TABLE`, `NFTA_OBJ_TYPE`: without the type the kernel lists quotas, limits and
            // helpers, too.
            writer.text(1, &table.name);
            writer.u32(3, crate::object::OBJECT_COUNTER);
        };
        self.list(
            "list counters",
            GET_OBJECT,
            table.family.number(),
            fill,
            |message, counters| {
                counters.extend(counter(message)?);
                Ok(())
            },
        )
    }

    pub(super) fn list<T>(
        &mut self,
        what: &'static str,
        message: u16,
        family: u8,
        fill: impl Fn(&mut Writer),
        take: impl Fn(&Message<'_>, &mut Vec<T>) -> Result<(), Error>,
    ) -> Result<Vec<T>, Error> {
        self.retried(|connection| {
            let mut listed = Vec::new();
            let take = |message: &Message<'_>| take(message, &mut listed);
            connection.request(what, message, flag::DUMP, family, &fill, take)?;
            Ok(listed)
        })
    }

    fn retried<T>(&mut self, mut attempt: impl FnMut(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        for _ in 1..ATTEMPTS {
            match attempt(self) {
                Err(Error::Interrupted) => {}
                done => return done,
            }
        }
        attempt(self)
    }
}

/// The kernel answers ENOENT to a request for the sets of a table that is not there.
fn none_if_missing<T>(listed: Result<Vec<T>, Error>) -> Result<Vec<T>, Error> {
    match listed {
        Err(Error::Refused {
            errno: libc::ENOENT, ..
        }) => Ok(Vec::new()),
        other => other,
    }
}
