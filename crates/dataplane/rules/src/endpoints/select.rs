//! Which endpoints get connections.

use std::collections::BTreeSet;
use std::sync::Arc;

use kinglet_model::Endpoint;

use super::candidates::Candidate;
use super::{NodeTopology, Selected};
use crate::backend::Backend;

/// Selects endpoints: ready ones; where there are none, those that still serve while they end. Hints of ready
/// endpoints narrow those of the cluster down, never those of the node (KEP-1669, KEP-2433).
pub(crate) fn select(candidates: &[Candidate<'_>], topology: &NodeTopology) -> Selected {
    let here = |candidate: &&Candidate<'_>| topology.has(candidate.endpoint);
    let local: Vec<_> = candidates.iter().filter(here).copied().collect();
    let unplaced = candidates
        .iter()
        .filter(|candidate| candidate.endpoint.node_name.is_none());
    let own = local.iter().map(|candidate| candidate.backend.address);
    Selected {
        cluster: usable(candidates, |ready| hinted(ready, topology)),
        local: usable(&local, |ready| ready),
        serving: serving(candidates),
        here: own.clone().collect(),
        // An endpoint without a node may be on this one.
        hairpin: own
            .chain(unplaced.map(|candidate| candidate.backend.address))
            .collect(),
    }
}

/// The ready endpoints, narrowed down; if there are none, those that serve while they end.
fn usable<'a, 'b>(
    candidates: &'b [Candidate<'a>],
    narrow: impl FnOnce(Vec<&'b Candidate<'a>>) -> Vec<&'b Candidate<'a>>,
) -> BTreeSet<Backend> {
    let ready: Vec<_> = candidates
        .iter()
        .filter(|candidate| is_ready(candidate.endpoint))
        .collect();
    // While the last pods of a node end, load balancers still send to it (KEP-1669).
    let chosen = if ready.is_empty() {
        candidates
            .iter()
            .filter(|candidate| is_draining(candidate.endpoint))
            .collect()
    } else {
        narrow(ready)
    };
    chosen.iter().map(|candidate| candidate.backend).collect()
}

fn serving(candidates: &[Candidate<'_>]) -> BTreeSet<Backend> {
    let serving = candidates.iter().filter(|candidate| {
        let conditions = candidate.endpoint.conditions;
        conditions.ready() || conditions.serving()
    });
    serving.map(|candidate| candidate.backend).collect()
}

fn is_ready(endpoint: &Endpoint) -> bool {
    endpoint.conditions.ready()
}

fn is_draining(endpoint: &Endpoint) -> bool {
    endpoint.conditions.serving() && endpoint.conditions.terminating()
}

/// Those that are destination for this node, or else for its zone. Hints count only if every endpoint has
/// them and some name this node or zone: otherwise they are out of date, and all endpoints serve.
fn hinted<'a, 'b>(ready: Vec<&'b Candidate<'a>>, topology: &NodeTopology) -> Vec<&'b Candidate<'a>> {
    let by_node = meant_for(&ready, Some(&topology.node), |endpoint| &endpoint.hints.for_nodes);
    let by_zone = || {
        meant_for(&ready, topology.zone.as_ref(), |endpoint| {
            &endpoint.hints.for_zones
        })
    };
    by_node.or_else(by_zone).unwrap_or(ready)
}

fn meant_for<'a, 'b>(
    ready: &[&'b Candidate<'a>],
    own: Option<&Arc<str>>,
    hints: impl Fn(&Endpoint) -> &[Arc<str>],
) -> Option<Vec<&'b Candidate<'a>>> {
    let own = own?;
    if ready.iter().any(|candidate| hints(candidate.endpoint).is_empty()) {
        return None;
    }
    let mine = ready
        .iter()
        .filter(|candidate| hints(candidate.endpoint).contains(own));
    let mine: Vec<_> = mine.copied().collect();
    (!mine.is_empty()).then_some(mine)
}

impl NodeTopology {
    fn has(&self, endpoint: &Endpoint) -> bool {
        endpoint.node_name.as_ref() == Some(&self.node)
    }
}
