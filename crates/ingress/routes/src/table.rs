//! The compiled route table: which router takes a host and a path.
//!
//! Precedence follows Kubernetes: an exact host before a wildcard before no host; within a host an exact path
//! before prefixes, the longer prefix first, and the fallback of the host (its default backend) last. A
//! request that no router of the exact host takes is offered to the wildcard and then to the routers without
//! a host. Among routers that match the same requests the first in the list wins; providers list them by age
//! and name, so the answer does not depend on the order of events.
//!
//! A look-up is a few hash probes, whatever the number of routers: one per kind of host, then one per element
//! of the path, from the longest prefix that the host knows to the shortest.

use hashbrown::HashMap;

use crate::router::{HostMatcher, PathMatcher, Router, parent};

/// An immutable index over a list of routers.
#[derive(Debug, Default)]
pub struct RouteTable {
    exact: HashMap<Box<str>, Paths>,
    wildcard: HashMap<Box<str>, Paths>,
    any: Paths,
}

/// The routers of one host, by position in the list.
#[derive(Debug, Default)]
struct Paths {
    exact: HashMap<Box<str>, usize>,
    prefix: HashMap<Box<str>, usize>,
    /// Number of elements of the deepest prefix.
    depth: usize,
    fallback: Option<usize>,
}

impl RouteTable {
    /// Indexes routers; positions in this list are what [`find`](Self::find) answers.
    pub fn new(routers: &[Router]) -> Self {
        let mut table = Self::default();
        for (position, router) in routers.iter().enumerate() {
            let paths = match &router.host {
                HostMatcher::Exact(name) => table.exact.entry_ref(&**name).or_default(),
                HostMatcher::Wildcard(domain) => table.wildcard.entry_ref(&**domain).or_default(),
                HostMatcher::Any => &mut table.any,
            };
            paths.insert(&router.path, position);
        }
        table
    }

    /// The position of the router for a canonical host ([`crate::host::canonical`]) and a routing path
    /// ([`crate::path::routing_path`]).
    pub fn find(&self, host: &str, path: &str) -> Option<usize> {
        // Lazily: a host that is found exactly costs one look-up.
        let exact = || self.exact.get(host)?.find(path);
        let wildcard = || self.wildcard.get(parent(host)?)?.find(path);
        exact().or_else(wildcard).or_else(|| self.any.find(path))
    }
}

impl Paths {
    fn insert(&mut self, path: &PathMatcher, position: usize) {
        match path {
            PathMatcher::Exact(path) => {
                // The first in the list wins, which is the oldest Ingress.
                self.exact.entry_ref(&**path).or_insert(position);
            }
            PathMatcher::Prefix(prefix) => {
                self.depth = self.depth.max(prefix.matches('/').count());
                self.prefix.entry_ref(&**prefix).or_insert(position);
            }
            PathMatcher::Fallback => {
                self.fallback.get_or_insert(position);
            }
        }
    }

    fn find(&self, path: &str) -> Option<usize> {
        self.exact
            .get(path)
            .copied()
            .or_else(|| self.longest_prefix(path))
            .or(self.fallback)
    }

    fn longest_prefix(&self, path: &str) -> Option<usize> {
        if self.prefix.is_empty() {
            return None;
        }
        // Not deeper than any prefix of this host: a path of a thousand elements costs no thousand look-ups.
        let mut candidate = first_elements(path, self.depth);
        loop {
            if let Some(position) = self.prefix.get(candidate) {
                return Some(*position);
            }
            (candidate, _) = candidate.rsplit_once('/')?;
        }
    }
}

/// The path up to the end of its `count`-th element: `/a/b` of `/a/b/c` for 2.
fn first_elements(path: &str, count: usize) -> &str {
    match path.match_indices('/').nth(count) {
        Some((end, _)) => path.get(..end).unwrap_or(path),
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn router(host: &str, path: PathMatcher) -> Router {
        Router {
            name: format!("{host} {path:?}").into(),
            host: HostMatcher::parse(host).unwrap(),
            path,
            service: None,
        }
    }

    fn prefix(path: &str) -> PathMatcher {
        PathMatcher::prefix(path).unwrap()
    }

    fn exact(path: &str) -> PathMatcher {
        PathMatcher::exact(path).unwrap()
    }

    #[test]
    fn precedence() {
        let routers = [
            router("", prefix("/")),                        // 0
            router("*.example.com", prefix("/")),           // 1
            router("a.example.com", prefix("/")),           // 2
            router("a.example.com", prefix("/foo")),        // 3
            router("a.example.com", exact("/foo")),         // 4
            router("a.example.com", prefix("/foo/bar")),    // 5
            router("b.example.com", prefix("/only")),       // 6
            router("a.example.com", prefix("/foo")),        // 7, shadowed by 3
            router("c.example.com", PathMatcher::Fallback), // 8
            router("c.example.com", prefix("/")),           // 9
        ];
        let table = RouteTable::new(&routers);
        for (host, path, expected) in [
            ("a.example.com", "/foo", 4),
            ("a.example.com", "/foo/", 3),
            ("a.example.com", "/foo/bar/baz", 5),
            ("a.example.com", "/foobar", 2),
            ("b.example.com", "/only/this", 6),
            ("b.example.com", "/other", 1),
            ("c.example.com", "/x", 9),
            ("x.example.com", "/", 1),
            ("x.y.example.com", "/", 0),
            ("", "/", 0),
        ] {
            assert_eq!(table.find(host, path), Some(expected), "{host}{path}");
        }
        assert_eq!(RouteTable::new(&[]).find("a", "/"), None);
        assert_eq!(RouteTable::new(&routers[6..7]).find("b.example.com", "/"), None);
    }

    /// The definition that the index must agree with: sort by precedence, take the first that matches.
    fn linear(routers: &[Router], host: &str, path: &str) -> Option<usize> {
        let mut order: Vec<usize> = (0..routers.len()).collect();
        order.sort_by_key(|&position| {
            let host = match &routers[position].host {
                HostMatcher::Exact(_) => 0,
                HostMatcher::Wildcard(_) => 1,
                HostMatcher::Any => 2,
            };
            let path = match &routers[position].path {
                PathMatcher::Exact(_) => (0, 0),
                PathMatcher::Prefix(prefix) => (1, usize::MAX - prefix.len()),
                PathMatcher::Fallback => (2, 0),
            };
            (host, path, position)
        });
        order
            .into_iter()
            .find(|&position| routers[position].host.matches(host) && routers[position].path.matches(path))
    }

    fn any_path() -> impl Strategy<Value = String> {
        "(/[ab]{0,2}){1,4}"
    }

    fn any_router() -> impl Strategy<Value = Router> {
        let host = prop_oneof![
            Just(""),
            Just("a.b"),
            Just("*.b"),
            Just("b"),
            Just("c.a.b"),
            Just("*.a.b")
        ];
        let path = prop_oneof![
            any_path().prop_map(|path| exact(&path)),
            any_path().prop_map(|path| prefix(&path)),
            Just(PathMatcher::Fallback),
        ];
        (host, path).prop_map(|(host, path)| router(host, path))
    }

    proptest! {
        #[test]
        fn the_index_agrees_with_a_linear_scan(
            routers in prop::collection::vec(any_router(), 0..24),
            host in prop_oneof![Just(""), Just("a.b"), Just("x.b"), Just("b"), Just("c.a.b"), Just("d.a.b")],
            path in any_path(),
        ) {
            prop_assert_eq!(RouteTable::new(&routers).find(host, &path), linear(&routers, host, &path));
        }
    }
}
