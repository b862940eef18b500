//! Taking over what the table of an earlier run holds.

use std::collections::BTreeMap;

use super::Desired;
use crate::present::Present;
use crate::program::Body;

impl Desired {
    /// Takes what the kernel has from `present`: the next batches bring it from there to what is desired. Of
    /// chains only the names are known, so the rules of all are written anew; elements that fit are left
    /// alone.
    pub(crate) fn adopt(&mut self, present: &Present) {
        let unknown = Body {
            comment: None,
            rules: Vec::new(),
        };
        let desired = self.chain_claims.keys().map(|name| (name.clone(), None));
        self.chains = desired.collect();
        let chains = present.chains.iter();
        self.chains
            .extend(chains.map(|name| (name.clone(), Some(unknown.clone()))));

        let desired = self.claims.keys().map(|slot| (slot.clone(), None));
        self.elements = desired.collect::<BTreeMap<_, _>>();
        let elements = present.elements.iter();
        self.elements
            .extend(elements.map(|(slot, mapped)| (slot.clone(), Some(mapped.clone()))));
        self.rewrite_frame = true;
    }
}
