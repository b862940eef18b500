//! Profiles: what pods with equal permissions allow in one direction.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::Id;
use super::sets::{RulePeer, SetKind, Tuples};
use crate::checked::{Action, Direction};
use crate::ports::PortSet;

/// What a pod allows in one direction: the first step that matches decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) direction: Direction,
    pub(crate) steps: Vec<Step>,
    /// What happens to a packet that no step matches, and to one that a step passes.
    pub(crate) end: End,
}

/// Rules that follow one another with the same action: their order does not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) action: Action,
    /// Ports by peer.
    pub(crate) lines: BTreeMap<RulePeer, PortSet>,
    /// Ports of single pods, looked up together with the address.
    pub(crate) tuples: Tuples,
}

/// What comes after all steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Allow,
    /// Denied, but for what a pod sends to itself, which NetworkPolicies never forbid.
    Deny,
    /// The profile after the Admin tier. It is a profile of its own, since pods with different rules in the
    /// Admin tier share it.
    Next(Id, Arc<Profile>),
}

impl Profile {
    pub(crate) fn id(&self) -> Id {
        // Maps and sets are ordered, so that equal content gives equal text.
        let mut text = format!("{}\n", self.direction);
        for step in &self.steps {
            // Writing to a text cannot fail.
            _ = writeln!(text, "{}", step.action);
            for (peer, ports) in &step.lines {
                _ = writeln!(text, "{peer} {ports}");
            }
            _ = write!(text, "tuples {}", step.tuples);
        }
        match &self.end {
            End::Allow => text.push_str("allow"),
            End::Deny => text.push_str("deny"),
            // The identifier stands for the content of the next profile.
            End::Next(id, _) => _ = write!(text, "next {id}"),
        }
        Id::of(&text)
    }

    /// The sets in which it looks peers up, with the action of the step.
    pub(crate) fn sets(&self) -> impl Iterator<Item = (Action, SetKind)> + '_ {
        self.steps.iter().flat_map(|step| {
            let tuples = (!step.tuples.0.is_empty()).then(|| SetKind::Tuples(step.tuples.clone()));
            let sets = step.lines.keys().filter_map(RulePeer::set).chain(tuples);
            sets.map(|kind| (step.action, kind))
        })
    }

    /// The profile that it leads to.
    pub(crate) fn next(&self) -> Option<(Id, &Arc<Profile>)> {
        match &self.end {
            End::Next(id, profile) => Some((*id, profile)),
            End::Allow | End::Deny => None,
        }
    }
}

impl Step {
    /// Whether it matches every packet.
    pub(crate) fn is_total(&self) -> bool {
        self.lines.get(&RulePeer::Any).is_some_and(PortSet::is_all)
    }
}

impl RulePeer {
    /// The set in which it is looked up.
    pub(crate) fn set(&self) -> Option<SetKind> {
        match self {
            Self::Any => None,
            Self::Pods(peer) => Some(SetKind::Pods(peer.clone())),
            Self::Nodes(selector) => Some(SetKind::Nodes(selector.clone())),
            Self::Ranges(ranges) => Some(SetKind::Ranges(ranges.clone())),
        }
    }
}
