//! Annotations under `traefik.ingress.kubernetes.io/`.
//!
//! What is not supported is always reported. An annotation that restricts access (middlewares, TLS options)
//! fails closed: serving its routes without it would be worse than answering 404.

use std::collections::BTreeMap;

use kinglet_ingress_routes::Scheme;

use crate::problem::Reason;

const PREFIX: &str = "traefik.ingress.kubernetes.io/";

/// Beginnings of the suffixes that restrict access to a route.
const RESTRICTIONS: [&str; 3] = ["router.middlewares", "router.tls.options", "service.middlewares"];

/// Something wrong with one annotation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The annotation's key.
    pub(crate) key: Box<str>,
    /// Kind of problem.
    pub(crate) reason: Reason,
    /// What is wrong and what follows.
    pub(crate) message: String,
    /// Whether the routes must not be served at all.
    pub(crate) fails_closed: bool,
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
                // A server that is spoken to in the wrong protocol would answer garbage.
                fails_closed: true,
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
    // Every route is on both entry points anyway; one of them alone would be a restriction.
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
    let fails_closed = RESTRICTIONS
        .iter()
        .any(|restriction| suffix.starts_with(restriction));
    let consequence = if fails_closed {
        "its routes answer 404 rather than being served without it"
    } else {
        "it is ignored"
    };
    Finding {
        key: key.into(),
        reason: Reason::UnsupportedAnnotation,
        message: format!("the annotation is not supported by this version; {consequence}"),
        fails_closed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotations(key: &str, value: &str) -> BTreeMap<Box<str>, Box<str>> {
        BTreeMap::from([(key.into(), value.into())])
    }

    #[test]
    fn restrictions_fail_closed_and_others_are_reported() {
        for (key, value, fails_closed) in [
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
            assert_eq!(
                findings.first().map(|finding| finding.fails_closed),
                fails_closed,
                "{key}"
            );
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
