//! Circles in a graph.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Edges from a node to others, with why they are there.
pub(super) type Graph<W> = BTreeMap<usize, BTreeMap<usize, W>>;

/// For each node that is part of a circle the shortest circle through it. Each circle is there once and
/// begins with its smallest node.
pub(super) fn circles<W>(graph: &Graph<W>) -> BTreeSet<Vec<usize>> {
    let through = |(node, next): (&usize, &BTreeMap<usize, W>)| {
        let ways = next
            .keys()
            .filter(|next| *next != node)
            .filter_map(|next| way(graph, *next, *node));
        ways.min_by_key(Vec::len)
    };
    graph.iter().filter_map(through).map(from_smallest).collect()
}

/// The nodes of the shortest way, both ends included.
fn way<W>(graph: &Graph<W>, from: usize, to: usize) -> Option<Vec<usize>> {
    let mut before: BTreeMap<usize, usize> = BTreeMap::new();
    let mut waiting = VecDeque::from([from]);
    while let Some(at) = waiting.pop_front() {
        if at == to {
            let mut way: Vec<usize> = std::iter::successors(Some(at), |at| before.get(at).copied()).collect();
            way.reverse();
            return Some(way);
        }
        for next in graph.get(&at).into_iter().flat_map(BTreeMap::keys) {
            if *next != from && !before.contains_key(next) {
                before.insert(*next, at);
                waiting.push_back(*next);
            }
        }
    }
    None
}

fn from_smallest(mut circle: Vec<usize>) -> Vec<usize> {
    let smallest = circle.iter().enumerate().min_by_key(|(_, node)| **node);
    let at = smallest.map_or(0, |(at, _)| at);
    circle.rotate_left(at);
    circle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortest_and_once() {
        type Edges = &'static [(usize, usize)];
        let cases: &[(Edges, &[&[usize]])] = &[
            (&[(1, 2), (2, 3)], &[]),
            (&[(1, 1)], &[]),
            (&[(1, 2), (2, 1)], &[&[1, 2]]),
            (&[(3, 1), (1, 2), (2, 3)], &[&[1, 2, 3]]),
            (&[(1, 2), (2, 1), (2, 3), (3, 2)], &[&[1, 2], &[2, 3]]),
            (&[(1, 2), (2, 3), (3, 1), (2, 1)], &[&[1, 2], &[1, 2, 3]]),
        ];
        for (edges, expected) in cases {
            let mut graph: Graph<()> = BTreeMap::new();
            for (from, to) in *edges {
                graph.entry(*from).or_default().insert(*to, ());
            }
            let expected: BTreeSet<Vec<usize>> = expected.iter().map(|circle| circle.to_vec()).collect();
            assert_eq!(circles(&graph), expected, "{edges:?}");
        }
    }
}
