//! What a node enforces: a model of the kernel's table.

mod id;
mod interpret;
mod profile;
mod sets;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use crate::checked::Direction;

pub(crate) use id::Id;
pub(crate) use profile::{Body, End, Line, Profile, SharedProfile, Step};
pub(crate) use sets::{Member, PodFacts, PodPort, RulePeer, Set, SetKind, Tuples};

/// What a node enforces. Two values are equal if the node does the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The profiles of pods that policies select for ingress, by address.
    pub(crate) ingress: BTreeMap<IpAddr, Id>,
    /// The same for egress.
    pub(crate) egress: BTreeMap<IpAddr, Id>,
    /// Addresses of pods that policies select in any direction.
    pub(crate) isolated: BTreeSet<IpAddr>,
    /// Addresses of all pods of the cluster.
    pub(crate) known: BTreeSet<IpAddr>,
    /// What pods with equal permissions share, by its content.
    pub(crate) profiles: BTreeMap<Id, Arc<Profile>>,
    /// The sets in which profiles look peers up.
    pub(crate) sets: BTreeMap<Id, Set>,
}

/// The size of what a node enforces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Addresses of pods that policies select.
    pub isolated: usize,
    /// Profiles: what pods with equal permissions share.
    pub profiles: usize,
    /// Sets in which profiles look peers up.
    pub sets: usize,
}

impl Rules {
    /// Addresses of the pods of this node that policies select.
    pub fn isolated(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.isolated.iter().copied()
    }

    /// The size.
    pub fn size(&self) -> Size {
        Size {
            isolated: self.isolated.len(),
            profiles: self.profiles.len(),
            sets: self.sets.len(),
        }
    }

    pub(crate) fn map(&self, direction: Direction) -> &BTreeMap<IpAddr, Id> {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }

    pub(crate) fn map_mut(&mut self, direction: Direction) -> &mut BTreeMap<IpAddr, Id> {
        match direction {
            Direction::Ingress => &mut self.ingress,
            Direction::Egress => &mut self.egress,
        }
    }
}
