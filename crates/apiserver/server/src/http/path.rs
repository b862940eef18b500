//! The grammar of request paths.

use super::query::percent_decode;

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/`: the list of paths.
    Root,
    /// `/healthz`, `/livez`, `/readyz`, with an optional check behind it.
    Health,
    /// `/version`.
    Version,
    /// `/openapi/v3` (empty) or a document below it, for instance `apis/apps/v1`.
    OpenApi(String),
    /// `/openapi/v2`.
    OpenApiV2,
    /// `/api`.
    CoreVersions,
    /// `/apis`.
    Groups,
    /// `/apis/GROUP`.
    Group(String),
    /// `/api/v1` or `/apis/GROUP/VERSION`.
    GroupVersion {
        /// Empty for the core group.
        group: String,
        /// For instance `v1`.
        version: String,
    },
    /// Objects.
    Objects(Target),
    /// Anything else.
    Unknown,
}

/// The object or collection that a path names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Target {
    /// API group, empty for the core group.
    pub(crate) group: String,
    /// Version within the group.
    pub(crate) version: String,
    /// Namespace, if the path has one.
    pub(crate) namespace: Option<String>,
    /// Plural name of the kind.
    pub(crate) plural: String,
    /// Name of one object.
    pub(crate) name: Option<String>,
    /// Subresource of the object, for instance `status`; may contain slashes (`proxy/a/b`).
    pub(crate) subresource: Option<String>,
    /// The deprecated `/watch/` prefix.
    pub(crate) watch: bool,
}

impl Route {
    /// Parses a path. Trailing slashes are ignored.
    pub(crate) fn parse(path: &str) -> Self {
        let parts: Vec<String> = path
            .split('/')
            .filter(|part| !part.is_empty())
            // Behind the split: an escaped slash belongs to a name (RFC 3986, 2.2).
            .map(|part| percent_decode(part, false))
            .collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match parts.as_slice() {
            [] => Self::Root,
            ["healthz" | "livez" | "readyz", ..] => Self::Health,
            ["version"] => Self::Version,
            ["openapi", "v2"] => Self::OpenApiV2,
            ["openapi", "v3", document @ ..] => Self::OpenApi(document.join("/")),
            ["api"] => Self::CoreVersions,
            ["apis"] => Self::Groups,
            ["apis", group] => Self::Group((*group).to_owned()),
            ["api", version] => Self::group_version("", version),
            ["apis", group, version] => Self::group_version(group, version),
            ["api", version, rest @ ..] => {
                Target::parse("", version, rest).map_or(Self::Unknown, Self::Objects)
            }
            ["apis", group, version, rest @ ..] => {
                Target::parse(group, version, rest).map_or(Self::Unknown, Self::Objects)
            }
            _ => Self::Unknown,
        }
    }

    fn group_version(group: &str, version: &str) -> Self {
        Self::GroupVersion {
            group: group.to_owned(),
            version: version.to_owned(),
        }
    }
}

impl Target {
    fn parse(group: &str, version: &str, rest: &[&str]) -> Option<Self> {
        let (watch, rest) = match rest {
            ["watch", rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let (namespace, rest) = match rest {
            // `/namespaces/NAME` is the Namespace itself, and these are its subresources.
            ["namespaces", _, "status" | "finalize"] => (None, rest),
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest),
            rest => (None, rest),
        };
        let (plural, rest) = rest.split_first()?;
        let subresource = rest
            .get(1..)
            .filter(|parts| !parts.is_empty())
            .map(|parts| parts.join("/"));
        Some(Self {
            group: group.to_owned(),
            version: version.to_owned(),
            namespace: namespace.map(str::to_owned),
            plural: (*plural).to_owned(),
            name: rest.first().map(|name| (*name).to_owned()),
            subresource,
            watch,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]
    use super::*;

    fn target(path: &str) -> String {
        match Route::parse(path) {
            Route::Objects(target) => format!(
                "{}|{}|{}|{}|{}|{}|{}",
                target.group,
                target.version,
                target.namespace.unwrap_or_default(),
                target.plural,
                target.name.unwrap_or_default(),
                target.subresource.unwrap_or_default(),
                target.watch,
            ),
            other => panic!("{path} is {other:?}"),
        }
    }

    #[test]
    fn objects() {
        let cases = [
            ("/api/v1/pods", "|v1||pods|||false"),
            ("/api/v1/namespaces", "|v1||namespaces|||false"),
            ("/api/v1/namespaces/default", "|v1||namespaces|default||false"),
            (
                "/api/v1/namespaces/default/finalize",
                "|v1||namespaces|default|finalize|false",
            ),
            (
                "/api/v1/namespaces/default/services/",
                "|v1|default|services|||false",
            ),
            (
                "/api/v1/namespaces/a/services/b/status",
                "|v1|a|services|b|status|false",
            ),
            (
                "/api/v1/namespaces/a/pods/b/proxy/x/y",
                "|v1|a|pods|b|proxy/x/y|false",
            ),
            ("/apis/apps/v1/deployments", "apps|v1||deployments|||false"),
            (
                "/apis/apps/v1/namespaces/a/deployments/b",
                "apps|v1|a|deployments|b||false",
            ),
            ("/api/v1/watch/namespaces/a/pods", "|v1|a|pods|||true"),
            (
                "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Aadmin",
                "rbac.authorization.k8s.io|v1||clusterroles|system:admin||false",
            ),
        ];
        for (path, expected) in cases {
            assert_eq!(target(path), expected, "{path}");
        }
    }

    #[test]
    fn other_paths() {
        assert_eq!(Route::parse("/"), Route::Root);
        assert_eq!(Route::parse("/livez/ping"), Route::Health);
        assert_eq!(Route::parse("/openapi/v3"), Route::OpenApi(String::new()));
        assert_eq!(
            Route::parse("/openapi/v3/apis/apps/v1"),
            Route::OpenApi("apis/apps/v1".into())
        );
        assert_eq!(Route::parse("/apis/apps"), Route::Group("apps".into()));
        assert_eq!(Route::parse("/api/v1"), Route::group_version("", "v1"));
        assert_eq!(Route::parse("/metrics"), Route::Unknown);
    }
}
