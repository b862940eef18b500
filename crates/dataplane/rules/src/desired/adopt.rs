//! Taking over what the table of an earlier run holds.

use std::collections::BTreeMap;

use super::Desired;
use crate::existing::ExistingTable;
use crate::lower::Body;

impl Desired {
    /// Takes `existing` as what the kernel has: the next batches lead from there to what is desired. Elements
    /// that fit are left alone.
    pub(crate) fn adopt(&mut self, existing: &ExistingTable) {
        // Only the names of chains are known, so the rules of all are written again.
        let unknown = Body {
            comment: None,
            rules: Vec::new(),
        };
        let desired = self.chain_claims.keys().map(|name| (name.clone(), None));
        self.chains = desired.collect();
        let chains = existing.chains.iter();
        self.chains
            .extend(chains.map(|name| (name.clone(), Some(unknown.clone()))));

        let desired = self.claims.keys().map(|slot| (slot.clone(), None));
        self.elements = desired.collect::<BTreeMap<_, _>>();
        let elements = existing.elements.iter();
        self.elements
            .extend(elements.map(|(slot, mapped)| (slot.clone(), Some(mapped.clone()))));
        self.rewrite_base = true;
    }
}
