//! Explanations in sentences.

use std::fmt;

use kinglet_model::ObjectName;

use super::{Explanation, Miss, Remedy};
use crate::checked::Direction;
use crate::evaluate::{Evaluation, Exemption, RuleName, Side};

impl fmt::Display for Explanation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.evaluation.allowed() {
            "allowed"
        } else {
            "denied"
        };
        let end = |pod: &Option<ObjectName>, address| match pod {
            Some(pod) => format!("{pod} ({address})"),
            None => format!("{address}"),
        };
        let source = end(&self.source, self.packet.source);
        let destination = end(&self.destination, self.packet.destination);
        writeln!(
            out,
            "{word}: {source} to {destination}, {}",
            self.packet.transport
        )?;
        match &self.evaluation {
            Evaluation::Exempt(exemption) => writeln!(out, "  {exemption}")?,
            Evaluation::Policed { egress, ingress } => {
                side(out, Direction::Egress, egress)?;
                side(out, Direction::Ingress, ingress)?;
            }
        }
        self.misses
            .iter()
            .try_for_each(|miss| writeln!(out, "  {miss}"))?;
        self.remedies
            .iter()
            .try_for_each(|remedy| writeln!(out, "  {remedy}"))
    }
}

fn side(out: &mut fmt::Formatter<'_>, direction: Direction, side: &Side) -> fmt::Result {
    match side {
        Side::NoPod => writeln!(out, "  {direction}: no pod that policies are about."),
        Side::NotIsolated(pod) => writeln!(
            out,
            "  {direction}: no policy isolates {pod}, everything is allowed."
        ),
        Side::Isolated { pod, policies, rules } => {
            write!(out, "  {direction}: {pod} is isolated by {}; ", list(policies))?;
            match rules.as_slice() {
                [] => writeln!(out, "no rule allows it."),
                rules => writeln!(out, "{} allows it.", list(rules)),
            }
        }
    }
}

fn list<T: fmt::Display>(items: &[T]) -> String {
    let items: Vec<_> = items.iter().map(ToString::to_string).collect();
    items.join(", ")
}

impl fmt::Display for Exemption {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Established => "It belongs to a connection that was allowed.",
            Self::Revoked => "It belongs to a connection that policies do not allow any more.",
            Self::FromNode => "A node always reaches the pods that it runs.",
            Self::ToNode => "Egress to the own node is not policed here.",
            Self::Hairpin => "A pod always reaches itself.",
            Self::Icmp => "Echo requests and neighbour discovery always pass.",
        })
    }
}

/// `namespace/name spec.ingress[0]`
impl fmt::Display for RuleName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} spec.{}[{}]", self.policy, self.direction, self.number)
    }
}

impl fmt::Display for Miss {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match (self.peer, self.port) {
            (true, true) => "matches neither the peer nor the port",
            (true, false) => "does not match the peer",
            (false, _) => "does not match the port",
        };
        write!(out, "{} {why}.", self.rule)
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (direction, policies) = (self.direction, list(&self.policies));
        write!(out, "To allow it on the side of {}: ", self.pod)?;
        if !self.lack_port.is_empty() {
            write!(out, "add the port to {}; or ", list(&self.lack_port))?;
        }
        if !self.lack_peer.is_empty() {
            write!(out, "add the peer to {}; or ", list(&self.lack_peer))?;
        }
        write!(
            out,
            "add a rule to spec.{direction} of any of {policies}, or of another policy that selects the pod."
        )
    }
}
