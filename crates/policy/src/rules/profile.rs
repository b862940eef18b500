//! Profiles: what pods with equal permissions allow in one direction.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Id;
use super::sets::{Kind, Tuples, Whom};
use crate::checked::Direction;
use crate::ports::PortSet;

/// What a pod allows in one direction, whatever else is denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) direction: Direction,
    /// Ports by who may use them.
    pub(crate) lines: BTreeMap<Whom, PortSet>,
    /// Ports of single pods that may be used, too.
    pub(crate) tuples: Tuples,
}

impl Profile {
    pub(crate) fn id(&self) -> Id {
        let mut text = format!("{}\n", self.direction);
        for (whom, ports) in &self.lines {
            // Writing to a text cannot fail.
            _ = writeln!(text, "{whom} {ports}");
        }
        _ = write!(text, "tuples {}", self.tuples);
        Id::of(&text)
    }

    /// The sets that it looks addresses up in.
    pub(crate) fn sets(&self) -> impl Iterator<Item = Kind> + '_ {
        let tuples = (!self.tuples.0.is_empty()).then(|| Kind::Tuples(self.tuples.clone()));
        self.lines.keys().filter_map(Whom::set).chain(tuples)
    }
}

impl Whom {
    /// The set in which it is looked up.
    pub(crate) fn set(&self) -> Option<Kind> {
        match self {
            Self::Any => None,
            Self::Peer(peer) => Some(Kind::Peer(peer.clone())),
            Self::Ranges(ranges) => Some(Kind::Ranges(ranges.clone())),
        }
    }
}
