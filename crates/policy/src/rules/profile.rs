//! Profiles: what pods with equal permissions allow in one direction.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use super::Id;
use super::sets::{RulePeer, SetKind, Tuples};
use crate::checked::{Action, Direction};
use crate::ports::PortSet;

/// What a pod allows in one direction, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) direction: Direction,
    pub(crate) body: Body,
    /// What happens to a packet that the body does not decide, and to one that a step passes.
    pub(crate) end: End,
}

/// What decides first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// The first step that matches decides.
    Steps(Vec<Step>),
    /// The first part that decides. Of many policies each part has some: a change of one of them changes one
    /// part, and the list.
    Parts(Vec<SharedProfile>),
}

/// A profile with its identifier.
pub(crate) type SharedProfile = (Id, Arc<Profile>);

/// Rules that follow one another with the same action: their order does not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) action: Action,
    pub(crate) lines: Vec<Line>,
    /// Ports of single pods, looked up together with the address, and their set.
    pub(crate) tuples: Option<(Id, Tuples)>,
}

/// The ports that a peer may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) peer: RulePeer,
    /// The set in which the peer is looked up, if it is. Kept, because it takes a digest to find.
    pub(crate) set: Option<Id>,
    pub(crate) ports: PortSet,
}

/// What comes after all steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Allow,
    /// Denied, but for what a pod sends to itself, which NetworkPolicies never forbid.
    Deny,
    /// The profile after the Admin tier. It is a profile of its own, since pods with different rules in the
    /// Admin tier share it.
    Next(SharedProfile),
    /// The next part of the profile that this one is a part of; what a step passes has the end of that
    /// profile, which is there only if a step passes something.
    NextPart(Option<Box<End>>),
}

impl Profile {
    pub(crate) fn id(&self) -> Id {
        // Lines and tuples are ordered, so that equal content gives equal text.
        let mut text = format!("{}\n", self.direction);
        match &self.body {
            Body::Steps(steps) => steps.iter().for_each(|step| step.describe(&mut text)),
            // Identifiers stand for content.
            Body::Parts(parts) => parts.iter().for_each(|(id, _)| _ = writeln!(text, "part {id}")),
        }
        _ = write!(text, "{}", self.end);
        Id::of(&text)
    }

    /// The sets in which it looks peers up, with the action of the step.
    pub(crate) fn sets(&self) -> impl Iterator<Item = (Action, Id, SetKind)> + '_ {
        self.steps().iter().flat_map(|step| {
            let tuples = step.tuples.iter();
            let tuples = tuples.map(|(id, tuples)| (*id, SetKind::Tuples(tuples.clone())));
            let lines = step.lines.iter();
            let sets = lines.filter_map(|line| Some((line.set?, line.peer.set()?)));
            sets.chain(tuples).map(|(id, kind)| (step.action, id, kind))
        })
    }

    /// The profiles that it leads to.
    pub(crate) fn leads_to(&self) -> Vec<&SharedProfile> {
        let mut profiles: Vec<_> = self.parts().iter().collect();
        profiles.extend(self.end.next());
        profiles
    }

    /// Whether its body decides nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.steps().is_empty() && self.parts().is_empty()
    }

    pub(crate) fn steps(&self) -> &[Step] {
        match &self.body {
            Body::Steps(steps) => steps,
            Body::Parts(_) => &[],
        }
    }

    pub(crate) fn parts(&self) -> &[SharedProfile] {
        match &self.body {
            Body::Steps(_) => &[],
            Body::Parts(parts) => parts,
        }
    }
}

impl Step {
    /// Whether it matches every packet.
    pub(crate) fn is_total(&self) -> bool {
        let mut lines = self.lines.iter();
        lines.any(|line| line.peer == RulePeer::Any && line.ports.is_all())
    }

    fn describe(&self, text: &mut String) {
        // Writing to a text cannot fail.
        _ = writeln!(text, "{}", self.action);
        for line in &self.lines {
            _ = writeln!(text, "{} {}", line.peer, line.ports);
        }
        match &self.tuples {
            Some((_, tuples)) => _ = write!(text, "tuples {tuples}"),
            None => text.push_str("tuples "),
        }
    }
}

impl End {
    /// The profile that it leads to.
    fn next(&self) -> Option<&SharedProfile> {
        match self {
            Self::Next(next) => Some(next),
            Self::NextPart(Some(end)) => end.next(),
            Self::Allow | Self::Deny | Self::NextPart(None) => None,
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allow => formatter.write_str("allow"),
            Self::Deny => formatter.write_str("deny"),
            Self::Next((id, _)) => write!(formatter, "next {id}"),
            Self::NextPart(None) => formatter.write_str("next part"),
            Self::NextPart(Some(end)) => write!(formatter, "next part, passed on to {end}"),
        }
    }
}
