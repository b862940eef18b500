//! What the kernel's table holds, as an earlier run left it.

use std::collections::{BTreeMap, BTreeSet};

use kinglet_nft::{Data, Element, ListedChain, ListedSet, Mapped, Set};

use crate::frame::{self, SetId, SetKind};
use crate::settings::Settings;

/// What the kernel's table holds besides the frame.
#[derive(Debug, Default)]
pub struct Present {
    /// Names of chains.
    pub(crate) chains: BTreeSet<String>,
    /// Elements, by their set and key, and what they lead to.
    pub(crate) elements: BTreeMap<(SetId, Data), Option<Mapped>>,
    /// The memory of clients that keep their endpoint.
    pub(crate) clients: Vec<Data>,
}

impl Present {
    /// What a table holds that has these sets and chains, and these elements in its sets; nothing if it is not
    /// built as this version builds it.
    ///
    /// # Errors
    /// The elements cannot be listed.
    pub fn read<E>(
        sets: &[ListedSet],
        chains: Vec<ListedChain>,
        settings: &Settings,
        mut elements: impl FnMut(&Set) -> Result<Vec<Element>, E>,
    ) -> Result<Option<Self>, E> {
        let Some(chains) = beside_frame(chains, settings).filter(|_| has_all(sets)) else {
            return Ok(None);
        };
        let mut present = Self {
            chains,
            ..Self::default()
        };
        for id in SetId::all() {
            let elements = elements(&id.set())?.into_iter();
            if id.kind == SetKind::Affinity {
                present.clients.extend(elements.map(|element| element.key));
            } else {
                let known = elements.map(|element| ((id, element.key), element.mapped));
                present.elements.extend(known);
            }
        }
        Ok(Some(present))
    }
}

/// Whether all shared sets are there, of the right types.
fn has_all(listed: &[ListedSet]) -> bool {
    SetId::all().map(SetId::set).all(|set| {
        let same = |known: &&ListedSet| known.name == set.name;
        let types =
            |known: &ListedSet| known.key.as_ref() == Some(&set.key) && known.map == set.data.is_some();
        listed.iter().find(same).is_some_and(types)
    })
}

/// The names of the other chains, if the frame's are there and the kernel calls those of them that it is to
/// call, and no others.
fn beside_frame(listed: Vec<ListedChain>, settings: &Settings) -> Option<BTreeSet<String>> {
    let mut bases: BTreeMap<String, bool> =
        listed.into_iter().map(|chain| (chain.name, chain.base)).collect();
    for (chain, _) in frame::chains(settings) {
        if bases.remove(&chain.name)? != chain.base.is_some() {
            return None;
        }
    }
    let none_called = bases.values().all(|base| !base);
    none_called.then(|| bases.into_keys().collect())
}
