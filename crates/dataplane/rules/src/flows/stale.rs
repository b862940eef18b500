//! Which tracked connections and session affinities are stale.

use std::collections::BTreeSet;

use kinglet_model::IpFamily;
use kinglet_nft::{CtStatus, Data, Entry, Set};

use super::affinities::Affinity;
use super::destination::{Destination, Destinations};
use crate::backend::{Backend, layer3};
use crate::table::SetKind;

/// Destinations and endpoints that changed: tells which tracked connections and session affinities are stale.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stale {
    pub(super) destinations: Destinations,
    pub(super) affinities: BTreeSet<Affinity>,
}

impl Stale {
    /// Nothing changed.
    pub fn is_empty(&self) -> bool {
        self.destinations.is_empty() && self.affinities.is_empty()
    }

    /// Adds what became stale later.
    pub fn merge(&mut self, later: Self) {
        self.destinations.extend(later.destinations);
        self.affinities.extend(later.affinities);
    }

    /// The sets that may have affinities to endpoints that are gone.
    pub fn affinity_sets(&self) -> Vec<Set> {
        let families: BTreeSet<IpFamily> = self.affinities.iter().map(|affinity| affinity.family).collect();
        families
            .into_iter()
            .map(|family| SetKind::Affinity.of(layer3(family)).set())
            .collect()
    }

    /// Whether an element of such a set is to be deleted.
    pub fn has_affinity(&self, element: &Data) -> bool {
        Affinity::read(element).is_some_and(|affinity| self.affinities.contains(&affinity))
    }

    /// The numbers of the transport protocols whose connections may be stale.
    pub fn protocols(&self) -> Vec<u8> {
        let mut protocols: Vec<u8> = self
            .destinations
            .keys()
            .map(|destination| destination.protocol)
            .collect();
        protocols.sort_unstable();
        protocols.dedup();
        protocols
    }

    /// Whether the connection is to be deleted: it was translated to an endpoint that is gone, or was not
    /// translated because there were no endpoints yet. A connection to a node port's number is left alone if
    /// its source is translated: it goes to another machine, and without its entry the answers would be lost.
    pub fn contains(&self, entry: &Entry) -> bool {
        let Some(port) = entry.original.destination_port() else {
            return false;
        };
        let address = entry.original.destination;
        let to = |address| Destination {
            family: IpFamily::of(entry.original.destination),
            protocol: entry.original.protocol,
            address,
            port,
        };
        let translated = entry.status.contains(CtStatus::DNAT);
        // An address of a Service goes before ports of the node, as in the rules.
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

/// The endpoint that a connection was translated to: answers come from there.
fn endpoint(entry: &Entry) -> Option<Backend> {
    Some(Backend {
        address: entry.reply.source,
        port: entry.reply.source_port()?,
    })
}
