//! Compares what the kernel has with what it should have.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::Connection;
use super::list::{GET_CHAIN, GET_RULE, GET_SET};
use crate::difference::{Body, Difference, Wanted, WantedChain, WantedSet, covers};
use crate::error::Error;
use crate::netlink::{FAMILY_HEADER, Message};
use crate::object::{Element, Mapped, Table};
use crate::read::{chain, rule, set};
use crate::ruleset::Ruleset;
use crate::types::Data;

/// Attributes of objects, by name.
type Named = BTreeMap<String, Vec<u8>>;

impl Connection {
    /// What of a table is not as `wanted` says, whoever changed it; empty if nothing is. Not compared are
    /// named counters, comments of rules and elements, elements that rules add or that expire, and what rules
    /// do that have sets of their own or add elements with several expressions.
    pub fn differences(&mut self, wanted: &Ruleset) -> Result<BTreeSet<Difference>, Error> {
        let table = &wanted.table;
        let Some(listed) = self.table(table)? else {
            return Ok(BTreeSet::from([Difference::Missing]));
        };
        let mut differences = BTreeSet::new();
        // A dormant table holds all rules, and none of them sees a packet.
        if listed.dormant != table.dormant {
            differences.insert(Difference::Dormant);
        }
        let wanted = Wanted::of(wanted);
        self.compare_sets(table, &wanted.sets, &mut differences)?;
        self.compare_chains(table, &wanted.chains, &mut differences)?;
        Ok(differences)
    }

    fn compare_sets(
        &mut self,
        table: &Table,
        wanted: &BTreeMap<&str, WantedSet<'_>>,
        differences: &mut BTreeSet<Difference>,
    ) -> Result<(), Error> {
        let listed = self.named(table, GET_SET, |message| {
            let set = set(message)?;
            // Nobody wants sets of rules by a name: the kernel chooses it.
            Ok((!set.anonymous).then_some((set.table, set.name)))
        })?;
        differences.extend(foreign(&listed, wanted).map(Difference::Set));
        for (name, set) in wanted {
            let listed = listed.get(*name);
            let same = match listed {
                Some(listed) => covers(listed, &set.attributes)? && self.has_elements(table, set)?,
                None => false,
            };
            if !same {
                differences.insert(Difference::Set((*name).to_owned()));
            }
        }
        Ok(())
    }

    fn has_elements(&mut self, table: &Table, wanted: &WantedSet<'_>) -> Result<bool, Error> {
        if !wanted.is_constant() {
            // Packets add and time removes elements: nobody knows what should be there.
            return Ok(true);
        }
        let listed = self.elements(table, wanted.set)?;
        let known: HashSet<_> = listed.iter().map(content).collect();
        let same = |element| known.contains(&content(element));
        Ok(known.len() == wanted.elements.len() && wanted.elements.iter().all(same))
    }

    fn compare_chains(
        &mut self,
        table: &Table,
        wanted: &BTreeMap<&str, WantedChain>,
        differences: &mut BTreeSet<Difference>,
    ) -> Result<(), Error> {
        let listed = self.named(table, GET_CHAIN, |message| {
            let chain = chain(message)?;
            Ok(Some((chain.table, chain.name)))
        })?;
        let rules = self.bodies(table)?;
        differences.extend(foreign(&listed, wanted).map(Difference::Chain));
        for (name, chain) in wanted {
            let listed = listed.get(*name);
            let rules = rules.get(*name).map_or(&[][..], Vec::as_slice);
            let same = match listed {
                Some(listed) => covers(listed, &chain.attributes)? && has_rules(rules, &chain.rules)?,
                None => false,
            };
            if !same {
                differences.insert(Difference::Chain((*name).to_owned()));
            }
        }
        Ok(())
    }

    /// The attributes of a table's objects; `name` tells the names of the table and the object, or nothing
    /// for one that does not matter.
    fn named(
        &mut self,
        table: &Table,
        message: u16,
        name: impl Fn(&Message<'_>) -> Result<Option<(String, String)>, Error>,
    ) -> Result<Named, Error> {
        let family = table.family.number();
        let listed = self.list(
            "list",
            message,
            family,
            |writer| writer.text(1, &table.name),
            |message, objects| {
                let named = name(message)?.filter(|(of, _)| *of == table.name);
                // The kernel lists chains of all tables, whatever it is asked for.
                if let Some((_, name)) = named.filter(|_| message.family() == family) {
                    objects.push((name, attributes(message)));
                }
                Ok(())
            },
        )?;
        Ok(listed.into_iter().collect())
    }

    /// The expressions of rules, by chain and in order.
    fn bodies(&mut self, table: &Table) -> Result<BTreeMap<String, Vec<Vec<u8>>>, Error> {
        let listed = self.list(
            "list rules",
            GET_RULE,
            table.family.number(),
            |writer| writer.text(1, &table.name),
            |message, rules| {
                rules.push((rule(message)?.chain, attributes(message)));
                Ok(())
            },
        )?;
        let mut bodies = BTreeMap::<_, Vec<_>>::new();
        for (chain, body) in listed {
            bodies.entry(chain).or_default().push(body);
        }
        Ok(bodies)
    }
}

fn attributes(message: &Message<'_>) -> Vec<u8> {
    message.payload.get(FAMILY_HEADER..).unwrap_or_default().to_vec()
}

/// What is listed and not wanted.
fn foreign<T>(listed: &Named, wanted: &BTreeMap<&str, T>) -> impl Iterator<Item = String> {
    let names = listed.keys();
    names.filter(|name| !wanted.contains_key(name.as_str())).cloned()
}

fn has_rules(listed: &[Vec<u8>], wanted: &[Body]) -> Result<bool, Error> {
    if listed.len() != wanted.len() {
        return Ok(false);
    }
    for (listed, wanted) in listed.iter().zip(wanted) {
        let same = match wanted {
            Body::Expressions(expressions) => covers(listed, expressions)?,
            Body::Unlisted => true,
            Body::Impossible => false,
        };
        if !same {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What an element stands for.
fn content(element: &Element) -> (&Data, &Data, Option<&Mapped>) {
    // The kernel lists a range of one key as it lists a single key.
    let last = element.last.as_ref().unwrap_or(&element.key);
    (&element.key, last, element.mapped.as_ref())
}
