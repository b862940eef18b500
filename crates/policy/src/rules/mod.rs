//! What a node enforces: the model of its rules.

mod id;
mod interpret;
mod profile;
mod sets;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use crate::checked::Direction;

pub(crate) use id::Id;
pub(crate) use profile::{End, Profile, Step};
pub(crate) use sets::{Member, PodFacts, PodPort, RulePeer, Set, SetKind, Tuples};

/// What a node enforces. Two values are equal if the node does the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The profiles that addresses of pods lead to, where policies are about them.
    pub(crate) ingress: BTreeMap<IpAddr, Id>,
    pub(crate) egress: BTreeMap<IpAddr, Id>,
    /// Addresses of pods that policies are about in any direction.
    pub(crate) isolated: BTreeSet<IpAddr>,
    /// Addresses of all pods of the cluster.
    pub(crate) known: BTreeSet<IpAddr>,
    /// What pods with equal permissions share.
    pub(crate) profiles: BTreeMap<Id, Arc<Profile>>,
    /// What profiles look addresses up in.
    pub(crate) sets: BTreeMap<Id, Set>,
}

/// How much a node enforces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Addresses of pods that policies are about.
    pub isolated: usize,
    /// Profiles: what pods with equal permissions share.
    pub profiles: usize,
    /// Sets that profiles look addresses up in.
    pub sets: usize,
}

impl Rules {
    /// Addresses of the pods that the node runs and policies are about.
    pub fn isolated(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.isolated.iter().copied()
    }

    /// How much it is.
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
