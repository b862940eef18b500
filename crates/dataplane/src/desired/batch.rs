//! Batches that bring the kernel from what it has to what is desired.

use std::collections::BTreeMap;

use kinglet_nft::{Batch, Chain, Element, Mapped, Table};

use super::{Content, Desired, Slot};
use crate::frame::{self, SetId};
use crate::program::Body;
use crate::settings::Settings;

/// Elements of one set.
type Elements = BTreeMap<SetId, Vec<Element>>;

impl Desired {
    /// Takes what changed since the last batch. The batch must be committed; if it cannot, [`replacement`](Self::replacement) is next.
    pub(crate) fn changes(&mut self, table: &Table) -> Batch {
        let mut batch = Batch::new();
        let chains = std::mem::take(&mut self.chains);
        let elements = std::mem::take(&mut self.elements);
        let mut gone = Vec::new();
        let mut changed = Vec::new();
        for (name, (service, before)) in &chains {
            let now = self.chain(service, name);
            match (before, now) {
                (None, Some(body)) => {
                    add_chain(&mut batch, table, name, body);
                    changed.push((name, body));
                }
                (Some(before), Some(body)) if before != body => {
                    batch.flush_chain(table, name);
                    changed.push((name, body));
                }
                (Some(_), None) => {
                    batch.flush_chain(table, name);
                    gone.push(name);
                }
                _ => {}
            }
        }
        for (name, body) in changed {
            add_rules(&mut batch, table, name, body);
        }
        self.change_elements(&mut batch, table, elements);
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
            if before == now {
                continue;
            }
            let (set, key) = slot;
            if before.is_some() {
                deleted.entry(set).or_default().push(Element::new(key.clone()));
            }
            if let Some(mapped) = now {
                added.entry(set).or_default().push(element(key, mapped));
            }
        }
        for (set, elements) in deleted {
            batch.delete_elements(table, &set.set(), &elements);
        }
        add_elements(batch, table, added);
    }

    /// Puts all of it in the place of whatever the table holds.
    pub(crate) fn replacement(&mut self, table: &Table, settings: &Settings) -> Batch {
        self.chains.clear();
        self.elements.clear();
        let mut batch = Batch::new();
        batch.replace_table(table);
        for set in SetId::all() {
            batch.add_set(table, &set.set());
        }
        let frame = frame::chains(settings);
        for (chain, _) in &frame {
            batch.add_chain(table, chain);
        }
        let services = self.services.values();
        let chains: BTreeMap<_, _> = services.flat_map(|(_, objects)| &objects.chains).collect();
        for (name, body) in &chains {
            add_chain(&mut batch, table, name, body);
        }
        for (chain, rules) in &frame {
            for rule in rules {
                batch.add_rule(table, &chain.name, rule);
            }
        }
        for (name, body) in &chains {
            add_rules(&mut batch, table, name, body);
        }
        add_elements(&mut batch, table, self.all_elements());
        batch
    }

    fn all_elements(&self) -> Elements {
        let mut all = Elements::new();
        for (set, key) in self.claims.keys() {
            let slot = (*set, key.clone());
            if let Some(mapped) = self.content(&slot) {
                all.entry(*set).or_default().push(element(slot.1, mapped));
            }
        }
        for elements in all.values_mut() {
            elements.sort_by(|one, other| one.key.cmp(&other.key));
        }
        all
    }
}

fn add_chain(batch: &mut Batch, table: &Table, name: &str, body: &Body) {
    batch.add_chain(table, &Chain::regular(name).comment(&body.comment));
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

fn element(key: kinglet_nft::Data, mapped: Option<Mapped>) -> Element {
    Element {
        mapped,
        ..Element::new(key)
    }
}
