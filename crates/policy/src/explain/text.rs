//! Explanations in sentences.

use std::fmt;

use kinglet_model::ObjectName;

use super::{Explanation, Miss, Remedy, RemedyKind};
use crate::checked::{Action, Direction, Tier};
use crate::evaluate::{Decision, Evaluation, Exemption, RuleName, Side};

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
        self.reasons()
            .iter()
            .try_for_each(|line| writeln!(out, "  {line}"))
    }
}

impl Explanation {
    /// Why: a sentence or several in each line.
    pub fn reasons(&self) -> Vec<String> {
        let mut lines = Vec::new();
        match &self.evaluation {
            Evaluation::Exempt(exemption) => lines.push(exemption.to_string()),
            Evaluation::Policed { egress, ingress } => {
                lines.push(side(Direction::Egress, egress));
                lines.push(side(Direction::Ingress, ingress));
            }
        }
        lines.extend(self.misses.iter().map(ToString::to_string));
        lines.extend(self.remedies.iter().map(ToString::to_string));
        lines
    }
}

fn side(direction: Direction, side: &Side) -> String {
    let Side::Pod {
        pod,
        passed,
        decision,
    } = side
    else {
        return format!("{direction}: no pod that policies are about.");
    };
    let passed = passed
        .as_ref()
        .map(|rule| format!("{rule} (Admin tier) passes it on; "));
    let decided = match decision {
        Decision::Tier { tier, rule, action } => format!("{rule} ({tier} tier) {}.", verb(*action)),
        Decision::Open => format!("no policy isolates {pod}, everything is allowed."),
        Decision::Itself => format!("{pod} sends to itself, which NetworkPolicies allow."),
        Decision::Isolated { policies, rules } => {
            let allowing = match rules.as_slice() {
                [] => "no rule allows it.".to_owned(),
                rules => format!("{} allows it.", list(rules)),
            };
            format!("{pod} is isolated by {}; {allowing}", list(policies))
        }
    };
    format!("{direction}: {}{decided}", passed.unwrap_or_default())
}

fn verb(action: Action) -> &'static str {
    match action {
        Action::Accept => "accepts it",
        Action::Deny => "denies it",
        Action::Pass => "passes it on, and nothing comes after it: it is allowed",
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

/// `namespace/name spec.ingress[0]`, or `ClusterNetworkPolicy name spec.ingress[0]`
impl fmt::Display for RuleName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.policy.namespace.is_empty() {
            out.write_str("ClusterNetworkPolicy ")?;
        }
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
        write!(out, "To allow it on the side of {}: ", self.pod)?;
        match &self.kind {
            RemedyKind::Allow {
                policies,
                lack_port,
                lack_peer,
            } => allow(out, self.direction, policies, lack_port, lack_peer),
            RemedyKind::Before { tier, rule } => before(out, *tier, rule),
        }
    }
}

fn allow(
    out: &mut fmt::Formatter<'_>,
    direction: Direction,
    policies: &[ObjectName],
    lack_port: &[RuleName],
    lack_peer: &[RuleName],
) -> fmt::Result {
    if !lack_port.is_empty() {
        write!(out, "add the port to {}; or ", list(lack_port))?;
    }
    if !lack_peer.is_empty() {
        write!(out, "add the peer to {}; or ", list(lack_peer))?;
    }
    let policies = list(policies);
    write!(
        out,
        "add a rule to spec.{direction} of any of {policies}, or of another policy that selects the pod."
    )
}

fn before(out: &mut fmt::Formatter<'_>, tier: Tier, rule: &RuleName) -> fmt::Result {
    write!(
        out,
        "change {rule}, or add a rule of the {tier} tier before it that "
    )?;
    match tier {
        Tier::Admin => write!(out, "accepts it, or passes it on to policies that allow it."),
        Tier::Baseline => write!(
            out,
            "accepts it; or allow it by a NetworkPolicy that selects the pod."
        ),
    }
}
