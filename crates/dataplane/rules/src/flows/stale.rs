//! Which tracked connections go to the wrong place.

use std::collections::BTreeSet;

use kinglet_model::IpFamily;
use kinglet_nft::{CtStatus, Data, Entry, Set};

use super::{Destinations, Kept, Meant};
use crate::backend::{Backend, layer3};
use crate::frame::SetKind;

/// Destinations that changed. Tells which tracked connections and which clients' memories do not fit any
/// more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stale {
    pub(super) destinations: Destinations,
    pub(super) kept: BTreeSet<Kept>,
}

impl Stale {
    /// Nothing changed.
    pub fn is_empty(&self) -> bool {
        self.destinations.is_empty() && self.kept.is_empty()
    }

    /// Adds what became stale later.
    pub fn merge(&mut self, later: Self) {
        self.destinations.extend(later.destinations);
        self.kept.extend(later.kept);
    }

    /// The sets in which clients may keep endpoints that are gone.
    pub fn affinity_sets(&self) -> Vec<Set> {
        let families: BTreeSet<IpFamily> = self.kept.iter().map(|kept| kept.family).collect();
        families
            .into_iter()
            .map(|family| SetKind::Affinity.of(layer3(family)).set())
            .collect()
    }

    /// Whether an element of such a set is to be deleted.
    pub fn has_affinity(&self, element: &Data) -> bool {
        Kept::read(element).is_some_and(|kept| self.kept.contains(&kept))
    }

    /// The numbers of the transport protocols whose connections may be stale.
    pub fn protocols(&self) -> Vec<u8> {
        let mut protocols: Vec<u8> = self.destinations.keys().map(|meant| meant.protocol).collect();
        protocols.sort_unstable();
        protocols.dedup();
        protocols
    }

    /// Whether the connection is to be deleted: it was translated to an endpoint that is gone, or passed by
    /// untranslated before there were endpoints. What passes by a port of the node is left alone if its
    /// source is translated: it is on its way to elsewhere, and without its entry it would not come back.
    pub fn contains(&self, entry: &Entry) -> bool {
        let Some(port) = entry.original.destination_port() else {
            return false;
        };
        let address = entry.original.destination;
        let to = |address| Meant {
            family: IpFamily::of(entry.original.destination),
            protocol: entry.original.protocol,
            address,
            port,
        };
        let translated = entry.status.contains(CtStatus::DNAT);
        if let Some(backends) = self.destinations.get(&to(Some(address))) {
            return if translated {
                !endpoint(entry).is_some_and(|endpoint| backends.contains(&endpoint))
            } else {
                !backends.is_empty()
            };
        }
        let Some(backends) = self.destinations.get(&to(None)) else {
            return false;
        };
        if translated {
            !endpoint(entry).is_some_and(|endpoint| backends.contains(&endpoint))
        } else {
            !backends.is_empty() && !entry.status.contains(CtStatus::SNAT)
        }
    }
}

/// Who answers.
fn endpoint(entry: &Entry) -> Option<Backend> {
    Some(Backend {
        address: entry.reply.source,
        port: entry.reply.source_port()?,
    })
}
