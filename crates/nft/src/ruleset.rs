//! A table with all that is in it.

use crate::batch::Batch;
use crate::object::{Chain, Counter, Element, Rule, Set, Table};

/// A table with all that is in it, in the order in which it is created. With the feature `text`, `Display`
/// gives what `nft list table` prints for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruleset {
    /// The table.
    pub table: Table,
    /// Its named counters.
    pub counters: Vec<Counter>,
    /// Its sets and maps, with their elements.
    pub sets: Vec<(Set, Vec<Element>)>,
    /// Its chains, with their rules.
    pub chains: Vec<(Chain, Vec<Rule>)>,
}

impl Ruleset {
    /// A table with nothing in it.
    pub fn new(table: Table) -> Self {
        Self {
            table,
            counters: Vec::new(),
            sets: Vec::new(),
            chains: Vec::new(),
        }
    }

    /// Adds a counter.
    pub fn counter(&mut self, counter: Counter) -> &mut Self {
        self.counters.push(counter);
        self
    }

    /// Adds a set or map.
    pub fn set(&mut self, set: Set, elements: impl IntoIterator<Item = Element>) -> &mut Self {
        self.sets.push((set, elements.into_iter().collect()));
        self
    }

    /// Adds a chain.
    pub fn chain(&mut self, chain: Chain, rules: impl IntoIterator<Item = Rule>) -> &mut Self {
        self.chains.push((chain, rules.into_iter().collect()));
        self
    }

    /// Adds what is in the table to a batch, in an order that the kernel accepts. The table itself must be
    /// added before.
    fn add_content(&self, batch: &mut Batch) {
        let table = &self.table;
        for counter in &self.counters {
            batch.add_counter(table, counter);
        }
        for (set, _) in &self.sets {
            batch.add_set(table, set);
        }
        for (chain, _) in &self.chains {
            batch.add_chain(table, chain);
        }
        // Elements may lead to chains, which must be there before them.
        for (set, elements) in &self.sets {
            batch.add_elements(table, set, elements);
        }
        // Rules may name any set, counter or chain, also later ones.
        for (chain, rules) in &self.chains {
            for rule in rules {
                batch.add_rule(table, &chain.name, rule);
            }
        }
    }

    /// A batch that puts this table in the place of one of the same name, if there is one.
    pub fn replace(&self) -> Batch {
        let mut batch = Batch::new();
        batch.replace_table(&self.table);
        self.add_content(&mut batch);
        batch
    }
}
