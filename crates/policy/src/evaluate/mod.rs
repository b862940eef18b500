//! Evaluates policies as the API documents them: whether a packet passes, and which rules decide.

mod matching;
mod verdict;

use std::sync::Arc;

use kinglet_model::{Object, Pod};

use crate::checked::{Action, Direction, Tier};
use crate::cluster::Cluster;
use crate::packet::{ConnectionState, Packet, Path};
use crate::settings::PolicySettings;

use matching::rule;
pub(crate) use matching::{Ends, peers, ports};
pub use verdict::{Decision, Evaluation, Exemption, RuleName, Side};

impl Cluster {
    /// Evaluates a packet as if one node ran all pods.
    pub fn evaluate(&self, packet: &Packet, settings: &PolicySettings) -> Evaluation {
        self.evaluate_for(packet, settings, |_| true)
    }

    /// The same, with policies enforced only for the pods of the node.
    pub fn evaluate_on_node(&self, packet: &Packet, settings: &PolicySettings) -> Evaluation {
        self.evaluate_for(packet, settings, |pod| pod.node_name == settings.node)
    }

    fn evaluate_for(
        &self,
        packet: &Packet,
        settings: &PolicySettings,
        policed: impl Fn(&Pod) -> bool,
    ) -> Evaluation {
        self.evaluate_ends(&Ends::of(self, packet), settings, policed)
    }

    /// Evaluates a packet between these pods, whoever owns its addresses.
    pub(crate) fn evaluate_ends(
        &self,
        ends: &Ends<'_>,
        settings: &PolicySettings,
        policed: impl Fn(&Pod) -> bool,
    ) -> Evaluation {
        let packet = ends.packet;
        if let Some(exemption) = exemption(packet, settings) {
            return Evaluation::Exempt(exemption);
        }
        let side = |pod: Option<&Arc<Pod>>, direction| match pod.filter(|pod| policed(pod)) {
            Some(pod) => Box::new(self.side(pod, ends, direction)),
            None => Box::new(Side::NoPod),
        };
        // The destination is the node itself, whose address no pod owns.
        let ingress = match packet.path {
            Path::ToNode => Box::new(Side::NoPod),
            _ => side(ends.destination, Direction::Ingress),
        };
        let egress = side(ends.source, Direction::Egress);
        let evaluation = Evaluation::Policed { egress, ingress };
        // ClusterNetworkPolicies may deny what a pod sends to itself, NetworkPolicies never do.
        if is_hairpin(packet) && evaluation.allowed() {
            return Evaluation::Exempt(Exemption::Hairpin);
        }
        evaluation
    }

    /// What the policies of a pod decide on its side.
    pub(crate) fn side(&self, pod: &Pod, ends: &Ends<'_>, direction: Direction) -> Side {
        let tier = Tier::Admin;
        let (passed, decision) = match self.first(pod, ends, direction, tier) {
            Some((Action::Pass, rule)) => (Some(rule), self.after_admin(pod, ends, direction)),
            Some((action, rule)) => (None, Decision::Tier { tier, rule, action }),
            None => (None, self.after_admin(pod, ends, direction)),
        };
        Side::Pod {
            pod: pod.object_name(),
            passed,
            decision,
        }
    }

    /// The first rule of a tier that matches.
    fn first(
        &self,
        pod: &Pod,
        ends: &Ends<'_>,
        direction: Direction,
        tier: Tier,
    ) -> Option<(Action, RuleName)> {
        let policies = self.of_tier(pod, tier);
        let mut rules = policies.iter().flat_map(|policy| {
            let rules = policy.rules(direction).iter();
            rules.map(|rule| (&policy.name, rule))
        });
        let (policy, found) = rules.find(|(_, one)| rule(&one.rule, self, ends, direction))?;
        let name = RuleName {
            policy: policy.clone(),
            direction,
            number: found.rule.number,
        };
        Some((found.action, name))
    }

    /// What decides unless a rule of the Admin tier accepts or denies.
    fn after_admin(&self, pod: &Pod, ends: &Ends<'_>, direction: Direction) -> Decision {
        // The Baseline tier applies only where no NetworkPolicy isolates the pod in this direction.
        if self.isolating(pod, direction).next().is_none() {
            let first = self.first(pod, ends, direction, Tier::Baseline);
            return first.map_or(Decision::Open, |(action, rule)| Decision::Tier {
                tier: Tier::Baseline,
                rule,
                action,
            });
        }
        if is_hairpin(ends.packet) {
            return Decision::Itself;
        }
        // Rules of NetworkPolicies only allow and have no order: all that match are told, not the first.
        let (mut policies, mut rules) = (Vec::new(), Vec::new());
        for policy in self.isolating(pod, direction) {
            policies.push(policy.name.clone());
            let listed = policy.rules(direction).unwrap_or_default().iter();
            let matching = listed.filter(|one| rule(one, self, ends, direction));
            rules.extend(matching.map(|rule| RuleName {
                policy: policy.name.clone(),
                direction,
                number: rule.number,
            }));
        }
        Decision::Isolated { policies, rules }
    }
}

/// Whether a pod sends to itself.
fn is_hairpin(packet: &Packet) -> bool {
    packet.source == packet.destination
}

fn exemption(packet: &Packet, settings: &PolicySettings) -> Option<Exemption> {
    let compatible = settings.icmp_echo && packet.is_echo_request();
    match (packet.path, packet.state) {
        // kubelets must reach the pods of their node, for probes.
        (Path::FromNode, _) => Some(Exemption::FromNode),
        (Path::ToNode, _) if !settings.egress_to_node => Some(Exemption::ToNode),
        // Before established ones, to which it would else belong.
        (_, ConnectionState::Revoked) => Some(Exemption::Revoked),
        (_, ConnectionState::Established) => Some(Exemption::Established),
        _ if compatible || packet.is_neighbour_discovery() => Some(Exemption::Icmp),
        _ => None,
    }
}
