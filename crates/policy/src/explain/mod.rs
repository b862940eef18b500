//! Why a packet passes or not, and which changes would allow it.

mod answer;
mod matrix;
mod networks;
mod text;

use kinglet_model::ObjectName;

use crate::checked::{Direction, Policy, Tier};
use crate::cluster::Cluster;
use crate::evaluate::{Decision, Ends, Evaluation, RuleName, Side, peers, ports};
use crate::packet::Packet;
use crate::settings::PolicySettings;

pub use answer::{Answer, Endpoint, Question, Verdict};
pub use matrix::Reachability;
pub use networks::PodNetworks;

/// Why a packet passes or not. `Display` writes it in sentences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The packet.
    pub packet: Packet,
    /// The pod that it comes from, if it is one.
    pub source: Option<ObjectName>,
    /// The pod that it goes to, if it is one.
    pub destination: Option<ObjectName>,
    /// What decides.
    pub evaluation: Evaluation,
    /// The rules that do not match on a side that denies it, with the reason.
    pub misses: Vec<Miss>,
    /// Changes that would allow it; all of them are needed.
    pub remedies: Vec<Remedy>,
}

/// A rule that does not match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// The rule.
    pub rule: RuleName,
    /// Whether the other side is not among its peers.
    pub peer: bool,
    /// Whether the protocol or port is not among its ports.
    pub port: bool,
}

/// A change by which one side would allow a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// Which side.
    pub direction: Direction,
    /// The pod there.
    pub pod: ObjectName,
    /// How.
    pub kind: RemedyKind,
}

/// How a side can be made to allow a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemedyKind {
    /// With a rule of a NetworkPolicy.
    Allow {
        /// The policies that isolate the pod; a rule in any of them is enough.
        policies: Vec<ObjectName>,
        /// Rules that would match with one more port.
        lack_port: Vec<RuleName>,
        /// Rules that would match with one more peer.
        lack_peer: Vec<RuleName>,
    },
    /// With a rule of a ClusterNetworkPolicy before the one that denies.
    Before {
        /// The tier.
        tier: Tier,
        /// The rule that denies.
        rule: RuleName,
    },
}

impl Cluster {
    /// Why a packet passes or not.
    pub fn explain(&self, packet: &Packet, settings: &PolicySettings) -> Explanation {
        self.explain_ends(&Ends::of(self, packet), settings)
    }

    /// The same, whoever owns its addresses.
    fn explain_ends(&self, ends: &Ends<'_>, settings: &PolicySettings) -> Explanation {
        let evaluation = self.evaluate_ends(ends, settings, |_| true);
        let name =
            |pod: Option<&std::sync::Arc<kinglet_model::Pod>>| pod.map(|pod| pod.metadata.object_name());
        let mut explanation = Explanation {
            packet: *ends.packet,
            source: name(ends.source),
            destination: name(ends.destination),
            evaluation: evaluation.clone(),
            misses: Vec::new(),
            remedies: Vec::new(),
        };
        // Both sides, even if the first one denies: a user must change both.
        if let Evaluation::Policed { egress, ingress } = &evaluation {
            self.deny(&mut explanation, ends, Direction::Egress, egress);
            self.deny(&mut explanation, ends, Direction::Ingress, ingress);
        }
        explanation
    }

    /// Adds why a side denies, if it does.
    fn deny(&self, explanation: &mut Explanation, ends: &Ends<'_>, direction: Direction, side: &Side) {
        let Side::Pod { pod, decision, .. } = side else {
            return;
        };
        let kind = match decision {
            _ if decision.allows() => return,
            Decision::Tier { tier, rule, .. } => RemedyKind::Before {
                tier: *tier,
                rule: rule.clone(),
            },
            Decision::Isolated { policies, .. } => {
                let misses = self.all_misses(pod, ends, direction);
                let kind = allow(policies, &misses);
                explanation.misses.extend(misses);
                kind
            }
            Decision::Itself | Decision::Open => return,
        };
        explanation.remedies.push(Remedy {
            direction,
            pod: pod.clone(),
            kind,
        });
    }

    /// The rules of the policies that isolate a pod, none of which matches.
    fn all_misses(&self, pod: &ObjectName, ends: &Ends<'_>, direction: Direction) -> Vec<Miss> {
        let pod = self.pod(pod).into_iter();
        let isolating = pod.flat_map(|pod| self.isolating(pod, direction));
        isolating
            .flat_map(|policy| self.misses(policy, ends, direction))
            .collect()
    }

    fn misses(&self, policy: &Policy, ends: &Ends<'_>, direction: Direction) -> Vec<Miss> {
        let rules = policy.rules(direction).unwrap_or_default().iter();
        let miss = |rule: &crate::checked::Rule| Miss {
            rule: RuleName {
                policy: policy.name.clone(),
                direction,
                number: rule.number,
            },
            peer: !peers(&rule.peers, self, ends, direction),
            port: !ports(&rule.ports, ends),
        };
        rules.map(miss).collect()
    }
}

fn allow(policies: &[ObjectName], misses: &[Miss]) -> RemedyKind {
    let lacking = |peer, port| {
        let fitting = misses
            .iter()
            .filter(move |miss| (miss.peer, miss.port) == (peer, port));
        fitting.map(|miss| miss.rule.clone()).collect()
    };
    RemedyKind::Allow {
        policies: policies.to_vec(),
        lack_port: lacking(false, true),
        lack_peer: lacking(true, false),
    }
}
