//! Annotations under `traefik.ingress.kubernetes.io/`.
//!
//! What is not supported is never ignored silently. An annotation that restricts who may pass (middlewares,
//! TLS options) closes the routes: serving them without it would be worse than not serving them.

use std::collections::BTreeMap;

use kinglet_ingress_routes::Scheme;

use crate::problem::Reason;

const PREFIX: &str = "traefik.ingress.kubernetes.io/";

/// Suffixes, as prefixes of the key, that guard a route.
const GUARDS: [&str; 3] = ["router.middlewares", "router.tls.options", "service.middlewares"];

/// Something wrong with one annotation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The annotation's key.
    pub(crate) key: Box<str>,
    /// Kind of problem.
    pub(crate) reason: Reason,
    /// What is wrong and what follows.
    pub(crate) message: String,
    /// Whether the routes must not be served.
    pub(crate) closes: bool,
}

/// What the annotations of a Service ask for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ServiceAnnotations {
    /// `service.serversscheme`.
    pub(crate) scheme: Option<Scheme>,
    /// What is wrong.
    pub(crate) findings: Vec<Finding>,
}

/// Checks the annotations of an Ingress.
pub(crate) fn of_ingress(annotations: &BTreeMap<Box<str>, Box<str>>) -> Vec<Finding> {
    ours(annotations)
        .filter(|(_, suffix, value)| !is_default(suffix, value))
        .map(unsupported)
        .collect()
}

/// Reads the annotations of a Service.
pub(crate) fn of_service(annotations: &BTreeMap<Box<str>, Box<str>>) -> ServiceAnnotations {
    let mut read = ServiceAnnotations::default();
    for (key, suffix, value) in ours(annotations) {
        match (&*suffix, value) {
            ("service.serversscheme", "http") => read.scheme = Some(Scheme::Http),
            ("service.serversscheme", "https") => read.scheme = Some(Scheme::Https),
            ("service.serversscheme", "h2c") => read.scheme = Some(Scheme::H2c),
            ("service.serversscheme", other) => read.findings.push(Finding {
                key: key.into(),
                reason: Reason::InvalidAnnotation,
                message: format!(
                    "{other:?} is not a scheme; accepted are http, https and h2c; the path answers 404"
                ),
                closes: true,
            }),
            _ if is_default(&suffix, value) => {}
            _ => read.findings.push(unsupported((key, suffix, value))),
        }
    }
    read
}

/// Key, lower-case suffix (keys are case-insensitive) and value of Traefik's annotations.
fn ours(annotations: &BTreeMap<Box<str>, Box<str>>) -> impl Iterator<Item = (&str, String, &str)> {
    annotations
        .iter()
        .filter_map(|(key, value)| Some((&**key, key.strip_prefix(PREFIX)?.to_ascii_lowercase(), &**value)))
}

/// Annotations that ask for what happens anyway: both entry points, TLS on `websecure`.
fn is_default(suffix: &str, value: &str) -> bool {
    let both_entry_points = || {
        let mut names: Vec<&str> = value.split(',').map(str::trim).collect();
        names.sort_unstable();
        names == ["web", "websecure"]
    };
    match suffix {
        "router.entrypoints" => both_entry_points(),
        "service.passhostheader" => value == "true",
        "service.nativelb" | "service.nodeportlb" | "service.sticky.cookie" => value == "false",
        _ => false,
    }
}

fn unsupported((key, suffix, _): (&str, String, &str)) -> Finding {
    let closes = GUARDS.iter().any(|guard| suffix.starts_with(guard));
    let consequence = if closes {
        "its routes answer 404 rather than being served without it"
    } else {
        "it is ignored"
    };
    Finding {
        key: key.into(),
        reason: Reason::UnsupportedAnnotation,
        message: format!("the annotation is not supported by this version; {consequence}"),
        closes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotations(key: &str, value: &str) -> BTreeMap<Box<str>, Box<str>> {
        BTreeMap::from([(key.into(), value.into())])
    }

    #[test]
    fn guards_close_the_routes_and_others_are_reported() {
        for (key, value, closes) in [
            (
                "traefik.ingress.kubernetes.io/router.middlewares",
                "default-auth@kubernetescrd",
                Some(true),
            ),
            (
                "traefik.ingress.kubernetes.io/Router.TLS.Options",
                "default-mtls@kubernetescrd",
                Some(true),
            ),
            ("traefik.ingress.kubernetes.io/router.priority", "10", Some(false)),
            (
                "traefik.ingress.kubernetes.io/router.entrypoints",
                "websecure, web",
                None,
            ),
            ("nginx.ingress.kubernetes.io/rewrite-target", "/", None),
        ] {
            let findings = of_ingress(&annotations(key, value));
            assert_eq!(findings.first().map(|finding| finding.closes), closes, "{key}");
        }
    }

    #[test]
    fn schemes_of_servers() {
        let read = |value| {
            of_service(&annotations(
                "traefik.ingress.kubernetes.io/service.serversscheme",
                value,
            ))
        };
        assert_eq!(read("h2c").scheme, Some(Scheme::H2c));
        assert_eq!(read("ftp").scheme, None);
        assert_eq!(read("ftp").findings.len(), 1);
    }
}
