//! Batches that bring the kernel from what it has to what is desired.

use std::collections::BTreeMap;

use kinglet_nft::{Batch, Chain, Element, Ruleset, Table};

use super::{Chains, Content, Desired, Slot};
use crate::lower::Body;
use crate::settings::DataplaneSettings;
use crate::table::{SetId, base_chains};

/// Elements of one set.
type Elements = BTreeMap<SetId, Vec<Element>>;

impl Desired {
    /// Takes what changed since the last call, as batches that are to be committed one after another: the
    /// base chains after an adoption, additions, changes, removals; only those that do anything. If one of
    /// them cannot be committed, it is not known what the kernel has: [`adopt`](Self::adopt) or
    /// [`replacement`](Self::replacement) is next.
    pub(crate) fn batches(&mut self, table: &Table, settings: &DataplaneSettings) -> Vec<Batch> {
        let mut base = Batch::new();
        if std::mem::take(&mut self.rewrite_base) {
            rewrite_base(&mut base, table, settings);
        }
        let additions = self.additions(table);
        let mut changes = Batch::new();
        let chains = std::mem::take(&mut self.chains);
        let elements = std::mem::take(&mut self.elements);
        self.change_chains(&mut changes, table, &chains);
        self.change_elements(&mut changes, table, elements);
        let removals = self.removals(table, &chains);
        let mut batches = vec![base, additions, changes, removals];
        batches.retain(|batch| !batch.is_empty());
        batches
    }

    /// Takes the chains that are new since the last batch. They are in a batch of their own: a packet sees
    /// the elements of maps as they are now, but rules as they were when it entered the hook. Led to a chain
    /// of the same batch, it would find no rules there, and pass untranslated.
    fn additions(&mut self, table: &Table) -> Batch {
        let mut batch = Batch::new();
        let missing = self.chains.iter().filter(|(_, before)| before.is_none());
        let missing: Vec<String> = missing.map(|(name, _)| name.clone()).collect();
        let bodies = missing
            .into_iter()
            .filter_map(|name| Some((self.chain(&name)?.clone(), name)));
        let bodies: Vec<_> = bodies.collect();
        // All chains before any rule: rules may lead to chains that come later.
        for (body, name) in &bodies {
            batch.add_chain(table, &chain(name, body));
        }
        for (body, name) in bodies {
            add_rules(&mut batch, table, &name, &body);
            self.chains.insert(name, Some(body));
        }
        batch
    }

    /// Writes the rules again of chains that stay and whose rules change.
    fn change_chains(&self, batch: &mut Batch, table: &Table, chains: &Chains) {
        let staying = chains
            .iter()
            .filter_map(|(name, before)| Some((name, before, self.chain(name)?)));
        for (name, before, body) in staying {
            // The batch swaps all rules of the chain at once: packets find the old ones or the new ones.
            if before.as_ref() != Some(body) {
                batch.flush_chain(table, name);
                add_rules(batch, table, name, body);
            }
        }
    }

    /// Deletes chains that nothing leads to any more. Before Linux 6.2 a chain and the last element that
    /// leads to it could not go at once.
    fn removals(&self, table: &Table, chains: &Chains) -> Batch {
        let mut batch = Batch::new();
        let gone = chains
            .iter()
            .filter(|(name, before)| before.is_some() && self.chain(name).is_none());
        let gone: Vec<&String> = gone.map(|(name, _)| name).collect();
        // First all rules: the kernel refuses to delete a chain that a rule of another one leads to.
        for name in &gone {
            batch.flush_chain(table, name);
        }
        for name in gone {
            batch.delete_chain(table, name);
        }
        batch
    }

    /// Deletes before it adds: an element leads to something else after it was deleted and added.
    fn change_elements(&self, batch: &mut Batch, table: &Table, elements: BTreeMap<Slot, Content>) {
        let (mut deleted, mut added) = (Elements::new(), Elements::new());
        for (slot, before) in elements {
            let now = self.content(&slot);
            // Changed, and changed back.
            if before == now {
                continue;
            }
            let (set, key) = slot;
            if before.is_some() {
                deleted
                    .entry(set)
                    .or_default()
                    .push(set.element(key.clone(), None));
            }
            if let Some(mapped) = now {
                added.entry(set).or_default().push(set.element(key, mapped));
            }
        }
        for (set, elements) in deleted {
            batch.delete_elements(table, &set.set(), &elements);
        }
        add_elements(batch, table, added);
    }

    /// All that the table is to hold.
    pub(crate) fn ruleset(&self, table: &Table, settings: &DataplaneSettings) -> Ruleset {
        let mut ruleset = Ruleset::new(table.clone());
        let mut elements = self.all_elements();
        for set in SetId::all() {
            ruleset.set(set.set(), elements.remove(&set).unwrap_or_default());
        }
        for (chain, rules) in base_chains(settings) {
            ruleset.chain(chain, rules);
        }
        let services = self.services.values();
        let chains: BTreeMap<_, _> = services.flat_map(|(_, objects)| &objects.chains).collect();
        for (name, body) in chains {
            ruleset.chain(chain(name, body), body.rules.iter().cloned());
        }
        ruleset
    }

    /// A batch that puts all of it in the place of whatever the table holds.
    pub(crate) fn replacement(&mut self, table: &Table, settings: &DataplaneSettings) -> Batch {
        // The batch has everything: nothing is left to bring up to date.
        self.chains.clear();
        self.elements.clear();
        self.rewrite_base = false;
        self.ruleset(table, settings).replace()
    }

    fn all_elements(&self) -> Elements {
        let mut all = Elements::new();
        for slot in self.claims.keys() {
            if let Some(mapped) = self.content(slot) {
                let (set, key) = slot.clone();
                all.entry(set).or_default().push(set.element(key, mapped));
            }
        }
        for elements in all.values_mut() {
            elements.sort_by(|one, other| one.key.cmp(&other.key));
        }
        all
    }
}

/// Makes the table ours, if nobody owns it, and writes the rules of the base chains again.
fn rewrite_base(batch: &mut Batch, table: &Table, settings: &DataplaneSettings) {
    batch.add_table(table);
    for (chain, rules) in base_chains(settings) {
        batch.flush_chain(table, &chain.name);
        for rule in &rules {
            batch.add_rule(table, &chain.name, rule);
        }
    }
}

fn chain(name: &str, body: &Body) -> Chain {
    let chain = Chain::regular(name);
    match &body.comment {
        Some(comment) => chain.comment(comment),
        None => chain,
    }
}

fn add_rules(batch: &mut Batch, table: &Table, name: &str, body: &Body) {
    for rule in &body.rules {
        batch.add_rule(table, name, rule);
    }
}

fn add_elements(batch: &mut Batch, table: &Table, elements: Elements) {
    for (set, elements) in elements {
        batch.add_elements(table, &set.set(), &elements);
    }
}
