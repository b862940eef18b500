//! `from` and `to`.

use std::sync::Arc;

use ipnet::IpNet;
use kinglet_model::{IpBlock, PolicyPeer, Selector, SelectorError};

use super::rule::{Direction, PeerList, Peers};
use crate::pod_peer::{PodPeer, Scope};
use crate::problem::Problems;
use crate::ranges::Ranges;

/// What is accepted as a network.
pub(super) const NETWORK: &str = "a network such as 192.0.2.0/24";

/// One entry of a list of peers.
enum One {
    Pods(PodPeer),
    Block(Ranges),
}

/// The peers of a rule; nothing if none of those that it has can match. An empty list means everybody, so
/// that a list whose entries are all invalid must not become one.
pub(super) fn check(
    peers: &[PolicyPeer],
    namespace: &str,
    direction: Direction,
    problems: &mut Problems<'_>,
) -> Option<Peers> {
    if peers.is_empty() {
        return Some(Peers::Any);
    }
    let field = field(direction);
    let (mut listed, mut blocks) = (PeerList::default(), Vec::new());
    for (index, peer) in peers.iter().enumerate() {
        match one(
            peer,
            namespace,
            &mut problems.below(format_args!("{field}[{index}]")),
        ) {
            Some(One::Pods(peer)) => listed.pods.push(peer),
            // Exceptions may leave nothing of a block.
            Some(One::Block(ranges)) if !ranges.is_empty() => blocks.push(ranges),
            _ => {}
        }
    }
    listed.blocks = Arc::new(Ranges::union(&blocks));
    (listed != PeerList::default()).then_some(Peers::Of(listed))
}

/// The name of the list.
pub(super) fn field(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    }
}

fn one(peer: &PolicyPeer, namespace: &str, problems: &mut Problems<'_>) -> Option<One> {
    let selectors = peer.pod_selector.is_some() || peer.namespace_selector.is_some();
    match &peer.ip_block {
        Some(_) if selectors => {
            problems.add("ipBlock with selectors", "either an ipBlock or selectors");
            None
        }
        Some(block) => ranges(block, &mut problems.below("ipBlock")).map(One::Block),
        None if !selectors => {
            problems.add("{}", "a podSelector, a namespaceSelector or an ipBlock");
            None
        }
        None => pods(peer, namespace, problems).map(One::Pods),
    }
}

fn pods(peer: &PolicyPeer, namespace: &str, problems: &mut Problems<'_>) -> Option<PodPeer> {
    let pods = selector(peer.pod_selector.as_ref(), &mut problems.below("podSelector"));
    let namespaces = &mut problems.below("namespaceSelector");
    let scope = match &peer.namespace_selector {
        // Without it the policy's own namespace is meant, not all of them.
        None => Some(Scope::Namespace(namespace.into())),
        some => selector(some.as_ref(), namespaces).map(Scope::Matching),
    };
    Some(PodPeer::new(scope?, pods?))
}

/// A selector; a missing one selects everything. Nothing if it is not valid.
pub(super) fn selector(
    selector: Option<&Result<Selector, SelectorError>>,
    problems: &mut Problems<'_>,
) -> Option<Selector> {
    match selector {
        None => Some(Selector::default()),
        Some(Ok(selector)) => Some(selector.clone()),
        Some(Err(error)) => {
            problems.add(error, "a label selector");
            None
        }
    }
}

/// The addresses of a block. An exception that is no network makes the block match nothing, since nobody
/// knows what it was to keep out; one outside of the block takes nothing from it.
fn ranges(block: &IpBlock, problems: &mut Problems<'_>) -> Option<Ranges> {
    let Some(network) = network(&block.cidr) else {
        problems.below("cidr").add(&block.cidr, NETWORK);
        return None;
    };
    let mut ranges = Ranges::of(network);
    let mut known = true;
    for (index, text) in block.except.iter().enumerate() {
        let mut problems = problems.below(format_args!("except[{index}]"));
        match self::network(text) {
            Some(except) => {
                if except == network || !network.contains(&except) {
                    problems.add(text, "a part of cidr");
                }
                ranges.subtract(&Ranges::of(except));
            }
            None => {
                problems.add(text, NETWORK);
                known = false;
            }
        }
    }
    // Too little rather than too much: the exception may have been meant to protect something.
    known.then_some(ranges)
}

/// A network, whose host bits are ignored.
pub(super) fn network(text: &str) -> Option<IpNet> {
    let network: IpNet = text.parse().ok()?;
    // The API server accepts host bits.
    Some(network.trunc())
}
