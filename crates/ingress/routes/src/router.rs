//! A router: which requests it takes, and the service that answers them.

use std::sync::Arc;

use crate::path;

/// A router in the form that every provider produces.
///
/// Precedence among the routers that match a request is part of [`RouteTable`](crate::RouteTable), not of the
/// router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Router {
    /// Name in metrics and logs, for instance `default-hello-example-com@kubernetes`.
    pub name: Arc<str>,
    /// Which hosts.
    pub host: HostMatcher,
    /// Which paths.
    pub path: PathMatcher,
    /// Name of the [`Service`](crate::Service). `None` holds the route for a backend that does not exist:
    /// requests get 404 instead of falling through to a less specific router that was never meant for them.
    pub service: Option<Arc<str>>,
}

/// Matches the host of a request, in the canonical form of [`crate::host`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostMatcher {
    /// This host only; lower case, without a trailing dot.
    Exact(Box<str>),
    /// One more label in front of this domain: `*.example.com` is kept as `example.com`.
    Wildcard(Box<str>),
    /// Every host, and requests without one.
    Any,
}

/// A host that is neither a DNS name nor a wildcard of one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("host {0:?} is not a DNS name; accepted are names such as \"www.example.com\" and \"*.example.com\"")]
pub struct HostError(pub Box<str>);

impl HostMatcher {
    /// Reads `spec.rules[].host` of an Ingress; empty means every host.
    pub fn parse(host: &str) -> Result<Self, HostError> {
        if host.is_empty() {
            return Ok(Self::Any);
        }
        let (name, wildcard) = match host.strip_prefix("*.") {
            Some(domain) => (domain, true),
            None => (host, false),
        };
        let name = name.strip_suffix('.').unwrap_or(name);
        // A Unicode name must come as its A-label (RFC 5891): that is what clients send in `Host`.
        if !name.split('.').all(is_label) {
            return Err(HostError(host.into()));
        }
        let name = name.to_ascii_lowercase().into_boxed_str();
        Ok(if wildcard {
            Self::Wildcard(name)
        } else {
            Self::Exact(name)
        })
    }

    /// Whether a canonical host matches.
    pub fn matches(&self, host: &str) -> bool {
        match self {
            Self::Exact(name) => **name == *host,
            Self::Wildcard(domain) => parent(host).is_some_and(|parent| parent == &**domain),
            Self::Any => true,
        }
    }
}

/// The host without its first label; `None` when nothing would be left or the label is empty.
pub(crate) fn parent(host: &str) -> Option<&str> {
    host.split_once('.')
        .filter(|(label, parent)| !label.is_empty() && !parent.is_empty())
        .map(|(_, parent)| parent)
}

fn is_label(label: &str) -> bool {
    // `_` is in no host name (RFC 1123 section 2.1), but in names that people use and clients send.
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !label.is_empty() && label.len() <= 63 && label.bytes().all(inner)
}

/// Matches the routing path of a request ([`path::routing_path`]).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PathMatcher {
    /// This path, byte for byte (`pathType: Exact`).
    Exact(Box<str>),
    /// This path and everything below it, element by element (`pathType: Prefix`); kept without a trailing
    /// slash, so `/` is empty.
    Prefix(Box<str>),
    /// Whatever no other router of the same host takes (`defaultBackend`).
    Fallback,
}

/// A path that is not absolute.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("path {0:?} does not start with \"/\"")]
pub struct PathError(pub Box<str>);

impl PathMatcher {
    /// `pathType: Exact`; empty means `/`.
    pub fn exact(path: &str) -> Result<Self, PathError> {
        Ok(Self::Exact(rule_path(path)?))
    }

    /// `pathType: Prefix`: trailing slashes do not matter; empty means `/`.
    pub fn prefix(path: &str) -> Result<Self, PathError> {
        Ok(Self::Prefix(rule_path(path)?.trim_end_matches('/').into()))
    }

    /// Whether a routing path matches.
    pub fn matches(&self, path: &str) -> bool {
        match self {
            Self::Exact(exact) => **exact == *path,
            Self::Prefix(prefix) => path
                .strip_prefix(&**prefix)
                // Whole elements: `/foo` must not take `/foobar`.
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
            Self::Fallback => true,
        }
    }
}

/// A rule's path in the form of routing paths, so that `/caf%C3%A9` and `/café` are the same rule.
fn rule_path(path: &str) -> Result<Box<str>, PathError> {
    match path {
        "" => Ok("/".into()),
        path if path.starts_with('/') => Ok(path::routing_path(path).into()),
        path => Err(PathError(path.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_in_canonical_form() {
        for (text, expected) in [
            ("", Ok(HostMatcher::Any)),
            ("Example.COM", Ok(HostMatcher::Exact("example.com".into()))),
            ("example.com.", Ok(HostMatcher::Exact("example.com".into()))),
            ("*.Example.com", Ok(HostMatcher::Wildcard("example.com".into()))),
            ("*", Err(HostError("*".into()))),
            ("a.*.com", Err(HostError("a.*.com".into()))),
            ("a..com", Err(HostError("a..com".into()))),
            ("bücher.de", Err(HostError("bücher.de".into()))),
        ] {
            assert_eq!(HostMatcher::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn a_wildcard_stands_for_exactly_one_label() {
        let wildcard = HostMatcher::Wildcard("example.com".into());
        for (host, matches) in [
            ("a.example.com", true),
            ("example.com", false),
            ("a.b.example.com", false),
            (".example.com", false),
            ("aexample.com", false),
        ] {
            assert_eq!(wildcard.matches(host), matches, "{host}");
        }
    }

    /// The table of the Kubernetes documentation, "Ingress: Examples" of path types.
    #[test]
    fn paths_match_as_kubernetes_documents() {
        for (kind, rule, request, matches) in [
            ("Prefix", "/", "/any/path", true),
            ("Exact", "/foo", "/foo", true),
            ("Exact", "/foo", "/bar", false),
            ("Exact", "/foo", "/foo/", false),
            ("Exact", "/foo/", "/foo", false),
            ("Prefix", "/foo", "/foo", true),
            ("Prefix", "/foo", "/foo/", true),
            ("Prefix", "/foo/", "/foo", true),
            ("Prefix", "/foo/", "/foo/", true),
            ("Prefix", "/aaa/bb", "/aaa/bbb", false),
            ("Prefix", "/aaa/bbb", "/aaa/bbb", true),
            ("Prefix", "/aaa/bbb/", "/aaa/bbb", true),
            ("Prefix", "/aaa/bbb", "/aaa/bbb/", true),
            ("Prefix", "/aaa/bbb", "/aaa/bbb/ccc", true),
            ("Prefix", "/aaa/bbb", "/aaa/bbbxyz", false),
            ("Prefix", "/foo", "/FOO", false),
            ("Prefix", "/caf%C3%A9", "/café", true),
            ("Prefix", "", "/x", true),
        ] {
            let matcher = match kind {
                "Exact" => PathMatcher::exact(rule),
                _ => PathMatcher::prefix(rule),
            };
            assert_eq!(
                matcher.map(|matcher| matcher.matches(request)),
                Ok(matches),
                "{kind} {rule} {request}"
            );
        }
        assert_eq!(PathMatcher::exact("foo"), Err(PathError("foo".into())));
    }
}
