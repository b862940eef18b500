//! `subject`, `from` and `to` of ClusterNetworkPolicies.

use std::sync::Arc;

use kinglet_model::{ClusterPeer, NamespacedPods, Selector, Unknown};

use super::peers::{NETWORK, field, network, selector};
use super::rule::{Direction, PeerList, Peers};
use crate::pod_peer::{PodPeer, Scope};
use crate::problem::Problems;
use crate::ranges::Ranges;

/// Reports fields that are not known; whether there are none. A newer API may have fields that narrow a peer:
/// without them it would match too much.
pub(super) fn all_known(unknown: &Unknown, problems: &mut Problems<'_>) -> bool {
    for field in unknown.keys() {
        problems.add(field, "a field that is known here");
    }
    unknown.is_empty()
}

/// One entry of a list of peers.
enum One {
    Pods(PodPeer),
    Networks(Ranges),
    Nodes(Selector),
}

/// The pods that a policy selects.
pub(super) fn subject(subject: &ClusterPeer, problems: &mut Problems<'_>) -> Option<PodPeer> {
    match one(subject, problems)? {
        One::Pods(peer) => Some(peer),
        // Policies select pods; addresses and nodes can only be peers.
        One::Networks(_) | One::Nodes(_) => {
            problems.add("networks or nodes", "namespaces or pods");
            None
        }
    }
}

/// The peers of a rule; nothing if any of them is not valid.
pub(super) fn peers(
    peers: &[ClusterPeer],
    direction: Direction,
    problems: &mut Problems<'_>,
) -> Option<Peers> {
    let field = field(direction);
    if peers.is_empty() {
        problems.below(field).add("[]", "a list with peers");
    }
    // The API wants at least one; that an empty list means everybody holds for NetworkPolicies only.
    let (mut listed, mut blocks, mut known) = (PeerList::default(), Vec::new(), !peers.is_empty());
    for (index, peer) in peers.iter().enumerate() {
        let mut problems = problems.below(format_args!("{field}[{index}]"));
        match one(peer, &mut problems) {
            Some(One::Pods(peer)) => listed.pods.push(peer),
            Some(One::Networks(ranges)) if direction == Direction::Egress => blocks.push(ranges),
            Some(One::Nodes(selector)) if direction == Direction::Egress => listed.nodes.push(selector),
            // The API has them as destinations only.
            Some(One::Networks(_) | One::Nodes(_)) => {
                problems.add("networks or nodes", "namespaces or pods");
                known = false;
            }
            None => known = false,
        }
    }
    listed.blocks = Arc::new(Ranges::union(&blocks));
    known.then_some(Peers::Of(listed))
}

fn one(peer: &ClusterPeer, problems: &mut Problems<'_>) -> Option<One> {
    let known = all_known(&peer.unknown, problems);
    // Experimental in the API; only DNS knows which addresses a name has for a pod.
    if let Some(names) = &peer.domain_names {
        problems.below("domainNames").add(names.join(", "), "supported");
        return None;
    }
    let ClusterPeer {
        namespaces,
        pods,
        networks,
        nodes,
        ..
    } = peer;
    let one = match (namespaces, pods, networks, nodes) {
        (Some(_), None, None, None) => {
            let namespaces = selector(namespaces.as_ref(), &mut problems.below("namespaces"))?;
            Some(One::Pods(PodPeer::new(
                Scope::Matching(namespaces),
                Default::default(),
            )))
        }
        (None, Some(pods), None, None) => self::pods(pods, &mut problems.below("pods")).map(One::Pods),
        (None, None, Some(networks), None) => ranges(networks, problems).map(One::Networks),
        (None, None, None, Some(_)) => selector(nodes.as_ref(), &mut problems.below("nodes")).map(One::Nodes),
        // Otherwise a field that is not known may be the one that is set, and is reported already.
        _ if known => {
            problems.add(
                "{} or several fields",
                "exactly one of namespaces, pods, networks and nodes",
            );
            None
        }
        _ => None,
    };
    one.filter(|_| known)
}

fn pods(pods: &NamespacedPods, problems: &mut Problems<'_>) -> Option<PodPeer> {
    let known = all_known(&pods.unknown, problems);
    let namespaces = selector(
        pods.namespace_selector.as_ref(),
        &mut problems.below("namespaceSelector"),
    );
    let pods = selector(pods.pod_selector.as_ref(), &mut problems.below("podSelector"));
    // Only now: a user learns of all that is wrong at once.
    let peer = PodPeer::new(Scope::Matching(namespaces?), pods?);
    known.then_some(peer)
}

fn ranges(networks: &[Box<str>], problems: &mut Problems<'_>) -> Option<Ranges> {
    let (mut ranges, mut known) = (Vec::new(), true);
    for (index, text) in networks.iter().enumerate() {
        if let Some(network) = network(text) {
            ranges.push(Ranges::of(network));
        } else {
            let mut problems = problems.below(format_args!("networks[{index}]"));
            problems.add(text, NETWORK);
            known = false;
        }
    }
    if networks.is_empty() {
        problems.below("networks").add("[]", "a list with networks");
    }
    (known && !networks.is_empty()).then(|| Ranges::union(&ranges))
}
