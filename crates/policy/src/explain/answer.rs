//! Answers about connections of which not every address is known.

use std::net::IpAddr;
use std::sync::Arc;

use kinglet_model::Pod;

use super::{Explanation, PodNetworks};
use crate::checked::{Direction, Peers, Tier};
use crate::cluster::Cluster;
use crate::evaluate::{Decision, Ends, Evaluation, RuleName, Side};
use crate::packet::{Packet, Path, Transport};
use crate::ranges::Ranges;
use crate::settings::PolicySettings;

/// An end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// These addresses, of which a pod may be the owner.
    Addresses(Vec<IpAddr>),
    /// A pod whose addresses are not known, but that they are in these networks.
    Unknown(Arc<Pod>, PodNetworks),
}

/// A connection that somebody asks about.
#[derive(Clone, Debug)]
pub struct Question {
    /// Where it comes from.
    pub from: Endpoint,
    /// Where it goes.
    pub to: Endpoint,
    /// Its protocol and port.
    pub transport: Transport,
}

/// Whether policies let a connection pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They do.
    Allowed,
    /// They do not.
    Denied,
    /// What is not known decides.
    Depends,
}

/// What is known of a connection.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The result.
    pub verdict: Verdict,
    /// One explanation of each case: of each family, and of what policies tell apart where an address is not
    /// known.
    pub cases: Vec<Explanation>,
}

/// Addresses of one family for which the other side decides the same.
struct Group {
    is_ipv4: bool,
    sides: Vec<Side>,
    addresses: Vec<IpAddr>,
}

impl Verdict {
    /// Of several that may happen: what they have in common.
    pub fn of_alternatives(all: impl IntoIterator<Item = Self>) -> Option<Self> {
        all.into_iter()
            .reduce(|one, other| if one == other { one } else { Self::Depends })
    }

    /// Of several that must all be allowed.
    fn of_all(all: impl IntoIterator<Item = bool>) -> Option<Self> {
        all.into_iter()
            .map(Self::of)
            .reduce(|one, other| if one == Self::Denied { one } else { other })
    }

    fn of(allowed: bool) -> Self {
        if allowed { Self::Allowed } else { Self::Denied }
    }
}

impl Endpoint {
    /// The pod that it is, if it is one.
    fn pod<'a>(&'a self, address: IpAddr, cluster: &'a Cluster) -> Option<&'a Arc<Pod>> {
        match self {
            Self::Addresses(_) => cluster.owner(address),
            Self::Unknown(pod, _) => Some(pod),
        }
    }

    fn is_known(&self) -> bool {
        matches!(self, Self::Addresses(_))
    }
}

impl Answer {
    /// The rules that decide in some of the cases only.
    pub fn deciding(&self) -> Vec<RuleName> {
        let all: Vec<Vec<RuleName>> = self.cases.iter().map(|case| rules(&case.evaluation)).collect();
        let mut some: Vec<RuleName> = all.iter().flatten().cloned().collect();
        some.sort();
        some.dedup();
        some.retain(|rule| !all.iter().all(|rules| rules.contains(rule)));
        some
    }
}

impl Cluster {
    /// Whether policies let a connection pass, and why; nothing if its ends have no address family in common.
    /// `paths` tells how a packet between two addresses may pass the node.
    pub fn answer(
        &self,
        question: &Question,
        paths: impl Fn(IpAddr, IpAddr) -> Vec<Path>,
        settings: &PolicySettings,
    ) -> Option<Answer> {
        let (cases, known) = self.each_case(question, paths, |ends| self.explain_ends(ends, settings));
        let verdict = verdict(cases.iter().map(|case| case.evaluation.allowed()), known);
        Some(Answer {
            verdict: verdict?,
            cases,
        })
    }

    /// Only the verdict, of packets that a node forwards: for many connections explanations take too long.
    pub(super) fn verdict(&self, question: &Question, settings: &PolicySettings) -> Option<Verdict> {
        let paths = |_, _| vec![Path::Forwarded];
        let (allowed, known) = self.each_case(question, paths, |ends| {
            self.evaluate_ends(ends, settings, |_| true).allowed()
        });
        verdict(allowed, known)
    }

    /// What is made of each packet that may be the one, and whether nothing is unknown: then all of them are
    /// packets of the connection, of one family each.
    fn each_case<T>(
        &self,
        question: &Question,
        paths: impl Fn(IpAddr, IpAddr) -> Vec<Path>,
        take: impl Fn(&Ends<'_>) -> T,
    ) -> (Vec<T>, bool) {
        let (from, to) = (&question.from, &question.to);
        let (mut cases, mut known) = (Vec::new(), from.is_known() && to.is_known());
        for (source, destination) in self.pairs(question) {
            let paths = paths(source, destination);
            known &= paths.len() == 1;
            for path in paths {
                let mut packet = Packet::new(source, destination, question.transport);
                packet.path = path;
                cases.push(take(&Ends {
                    packet: &packet,
                    source: from.pod(source, self),
                    destination: to.pod(destination, self),
                }));
            }
        }
        (cases, known)
    }

    /// The addresses of one family that the ends may have at the same time, once for each two groups.
    fn pairs(&self, question: &Question) -> Vec<(IpAddr, IpAddr)> {
        let Question { from, to, transport } = question;
        let sources = self.candidates(from, to, Direction::Ingress, *transport);
        let destinations = self.candidates(to, from, Direction::Egress, *transport);
        // A pod that sends to itself has one address at both ends.
        if matches!((from, to), (Endpoint::Unknown(one, _), Endpoint::Unknown(other, _)) if Arc::ptr_eq(one, other))
        {
            let groups = sources.iter().chain(&destinations);
            let addresses = groups.filter_map(|group| group.first());
            return addresses.map(|address| (*address, *address)).collect();
        }
        let known = from.is_known() && to.is_known();
        let pair = |source: &[IpAddr], destination: &[IpAddr]| {
            let mut pairs = source
                .iter()
                .flat_map(|one| destination.iter().map(move |other| (*one, *other)));
            // Two pods have two addresses.
            pairs.find(|(one, other)| one.is_ipv4() == other.is_ipv4() && (known || one != other))
        };
        let groups = sources
            .iter()
            .flat_map(|one| destinations.iter().map(move |other| (one, other)));
        groups.filter_map(|(one, other)| pair(one, other)).collect()
    }

    /// The addresses of an end. Of one whose addresses are not known, up to two addresses for each decision
    /// of the other side; `direction` is that of the rules there.
    fn candidates(
        &self,
        end: &Endpoint,
        other: &Endpoint,
        direction: Direction,
        transport: Transport,
    ) -> Vec<Vec<IpAddr>> {
        let (pod, networks) = match end {
            Endpoint::Addresses(addresses) => return addresses.iter().map(|one| vec![*one]).collect(),
            Endpoint::Unknown(pod, networks) => (pod, networks),
        };
        let deciders: Vec<&Arc<Pod>> = match other {
            Endpoint::Addresses(addresses) => addresses.iter().filter_map(|one| self.owner(*one)).collect(),
            Endpoint::Unknown(pod, _) => vec![pod],
        };
        let blocks: Vec<&Ranges> = deciders
            .iter()
            .flat_map(|pod| self.blocks(pod, direction))
            .collect();
        let mut groups: Vec<Group> = Vec::new();
        for address in networks.representatives(&blocks, |address| self.is_taken(address)) {
            let side = |decider: &&Arc<Pod>| self.side_towards(decider, pod, address, direction, transport);
            let is_ipv4 = address.is_ipv4();
            let sides: Vec<Side> = deciders.iter().map(side).collect();
            let mut known = groups.iter_mut();
            match known.find(|group| group.is_ipv4 == is_ipv4 && group.sides == sides) {
                Some(group) if group.addresses.len() < 2 => group.addresses.push(address),
                Some(_) => {}
                None => groups.push(Group {
                    is_ipv4,
                    sides,
                    addresses: vec![address],
                }),
            }
        }
        groups.into_iter().map(|group| group.addresses).collect()
    }

    /// What the side of a pod decides about a peer at an address.
    fn side_towards(
        &self,
        decider: &Arc<Pod>,
        peer: &Arc<Pod>,
        address: IpAddr,
        direction: Direction,
        transport: Transport,
    ) -> Side {
        // Its own address does not matter on its side.
        let own = match address {
            IpAddr::V4(_) => std::net::Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
        };
        let (packet, source, destination) = match direction {
            Direction::Egress => (Packet::new(own, address, transport), decider, peer),
            Direction::Ingress => (Packet::new(address, own, transport), peer, decider),
        };
        let ends = Ends {
            packet: &packet,
            source: Some(source),
            destination: Some(destination),
        };
        self.side(decider, &ends, direction)
    }

    /// The blocks of the rules of all policies that select a pod.
    fn blocks<'a>(&'a self, pod: &'a Pod, direction: Direction) -> Vec<&'a Ranges> {
        let tiers = [Tier::Admin, Tier::Baseline]
            .into_iter()
            .flat_map(|tier| self.of_tier(pod, tier));
        let of_tiers = tiers
            .flat_map(move |policy| policy.rules(direction))
            .map(|one| &one.rule);
        let isolating = self.isolating(pod, direction);
        let of_policies = isolating.flat_map(move |policy| policy.rules(direction).unwrap_or_default());
        let peers = of_tiers.chain(of_policies).map(|rule| &rule.peers);
        peers
            .filter_map(|peers| match peers {
                Peers::Of(listed) => Some(&*listed.blocks),
                Peers::Any => None,
            })
            .collect()
    }

    /// Whether another pod or a node has an address.
    fn is_taken(&self, address: IpAddr) -> bool {
        self.owner(address).is_some() || self.is_of_node(address)
    }
}

/// The verdict of all cases.
fn verdict(allowed: impl IntoIterator<Item = bool>, known: bool) -> Option<Verdict> {
    if known {
        Verdict::of_all(allowed)
    } else {
        Verdict::of_alternatives(allowed.into_iter().map(Verdict::of))
    }
}

/// The rules that an evaluation names.
fn rules(evaluation: &Evaluation) -> Vec<RuleName> {
    let Evaluation::Policed { egress, ingress } = evaluation else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for side in [egress, ingress] {
        if let Side::Pod { passed, decision, .. } = &**side {
            all.extend(passed.clone());
            match decision {
                Decision::Tier { rule, .. } => all.push(rule.clone()),
                Decision::Isolated { rules, .. } => all.extend(rules.iter().cloned()),
                Decision::Itself | Decision::Open => {}
            }
        }
    }
    all
}
