//! What the kernel's table holds, as an earlier run left it.

use std::collections::{BTreeMap, BTreeSet};

use kinglet_nft::{Data, Element, ListedChain, ListedSet, Mapped, Set};

use crate::settings::DataplaneSettings;
use crate::table::{SetId, SetKind, base_chains};

/// What the kernel's table holds besides the base chains.
#[derive(Debug, Default)]
pub struct ExistingTable {
    /// Names of chains.
    pub(crate) chains: BTreeSet<String>,
    /// Elements, by their set and key, and what they lead to.
    pub(crate) elements: BTreeMap<(SetId, Data), Option<Mapped>>,
    /// Elements of clients with session affinity.
    pub(crate) clients: Vec<Data>,
}

impl ExistingTable {
    /// Reads a table that has these sets and chains, and these elements in its sets; nothing if it is not
    /// built as this version builds it.
    ///
    /// # Errors
    /// The elements cannot be listed.
    pub fn read<E>(
        sets: &[ListedSet],
        chains: Vec<ListedChain>,
        settings: &DataplaneSettings,
        mut elements: impl FnMut(&Set) -> Result<Vec<Element>, E>,
    ) -> Result<Option<Self>, E> {
        let Some(chains) = service_chains(chains, settings).filter(|_| has_all(sets)) else {
            return Ok(None);
        };
        let mut existing = Self {
            chains,
            ..Self::default()
        };
        for id in SetId::all() {
            let elements = elements(&id.set())?.into_iter();
            // Packets write these, not batches: they are no part of what is desired.
            if id.kind == SetKind::Affinity {
                existing.clients.extend(elements.map(|element| element.key));
            } else {
                let known = elements.map(|element| ((id, id.key(&element)), element.mapped));
                existing.elements.extend(known);
            }
        }
        Ok(Some(existing))
    }
}

/// Whether all shared sets are there, of the right types: the kernel cannot change the type of a set.
fn has_all(listed: &[ListedSet]) -> bool {
    SetId::all().map(SetId::set).all(|set| {
        let same = |known: &&ListedSet| known.name == set.name;
        let types =
            |known: &ListedSet| known.key.as_ref() == Some(&set.key) && known.map == set.data.is_some();
        listed.iter().find(same).is_some_and(types)
    })
}

/// The names of the chains of Services, if the shared ones are there, and exactly those of them have a hook
/// that are to.
fn service_chains(listed: Vec<ListedChain>, settings: &DataplaneSettings) -> Option<BTreeSet<String>> {
    let mut bases: BTreeMap<String, bool> =
        listed.into_iter().map(|chain| (chain.name, chain.base)).collect();
    for (chain, _) in base_chains(settings) {
        if bases.remove(&chain.name)? != chain.base.is_some() {
            return None;
        }
    }
    // A chain of ours with a hook would be called by the kernel for every packet.
    let none_called = bases.values().all(|base| !base);
    none_called.then(|| bases.into_keys().collect())
}
