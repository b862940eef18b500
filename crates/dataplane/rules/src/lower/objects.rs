//! What a Service puts into the table.

use std::collections::BTreeMap;

use kinglet_model::IpFamily;
use kinglet_nft::{Data, Mapped, Rule};

use crate::backend::layer3;
use crate::table::{SetId, SetKind};

/// What a Service puts into the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Objects {
    pub(crate) elements: BTreeMap<(SetId, Data), Option<Mapped>>,
    /// Several Services may have chains of the same name; those are equal.
    pub(crate) chains: BTreeMap<String, Body>,
}

/// What is in a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Body {
    /// Whose it is, if it is one Service's.
    pub(crate) comment: Option<String>,
    pub(crate) rules: Vec<Rule>,
}

impl Objects {
    /// Adds an element; one that is there already stays.
    pub(super) fn add(
        &mut self,
        family: IpFamily,
        kind: SetKind,
        key: impl Into<Data>,
        mapped: Option<Mapped>,
    ) {
        let set = kind.of(layer3(family));
        // An address may be there twice, as ClusterIP and as external address: frontends come in the order of
        // their kinds, and the first counts.
        self.elements.entry((set, key.into())).or_insert(mapped);
    }
}
