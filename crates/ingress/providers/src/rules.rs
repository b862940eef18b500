//! The rules of one Ingress to routers, with the meaning that Kubernetes gives them.

use std::collections::BTreeSet;
use std::sync::Arc;

use kinglet_ingress_routes::{HostMatcher, PathMatcher, Router};
use kinglet_model::{Ingress, IngressBackend, IngressPath, IngressRule, PathType};

use crate::problem::Reason;

/// Resolves a backend to a service's name and reports what is wrong with it; `None` makes the router
/// answer 404.
pub(crate) trait Backends {
    /// The service of a backend, whose field path is given.
    fn resolve(&mut self, backend: &IngressBackend, field: &str) -> Option<Arc<str>>;
    /// Reports a problem of a field.
    fn report(&mut self, field: String, reason: Reason, message: String);
}

/// All routers of an Ingress, in the order of its rules.
///
/// The default backend takes what no rule takes: of the hosts that the rules name, or of every host when
/// there are no rules.
pub(crate) fn routers(ingress: &Ingress, backends: &mut impl Backends) -> Vec<Router> {
    let mut routers = Vec::new();
    let mut hosts = BTreeSet::new();
    for (index, rule) in ingress.rules.iter().enumerate() {
        let field = format!("spec.rules[{index}]");
        let text = rule.host.as_deref().unwrap_or_default();
        match HostMatcher::parse(text) {
            Ok(host) => {
                rule_routers(ingress, rule, &host, &field, backends, &mut routers);
                hosts.insert(text);
            }
            Err(error) => {
                let message = format!("{error}; the rule is left out");
                backends.report(format!("{field}.host"), Reason::InvalidHost, message);
            }
        }
    }
    if let Some(backend) = &ingress.default_backend {
        // Only then for every host: a tenant's default backend must not take requests of other tenants'
        // hosts.
        if ingress.rules.is_empty() {
            hosts.insert("");
        }
        let service = backends.resolve(backend, "spec.defaultBackend");
        let fallback = |host| fallback_router(ingress, host, service.clone());
        routers.extend(hosts.into_iter().filter_map(fallback));
    }
    routers
}

fn rule_routers(
    ingress: &Ingress,
    rule: &IngressRule,
    host: &HostMatcher,
    field: &str,
    backends: &mut impl Backends,
    routers: &mut Vec<Router>,
) {
    for (index, path) in rule.paths.iter().flatten().enumerate() {
        let field = format!("{field}.http.paths[{index}]");
        match path_matcher(path) {
            Ok(matcher) => routers.push(Router {
                name: router_name(ingress, rule.host.as_deref().unwrap_or_default(), &path.path),
                host: host.clone(),
                path: matcher,
                service: backends.resolve(&path.backend, &format!("{field}.backend")),
            }),
            Err(error) => {
                let message = format!("{error}; the path is left out");
                backends.report(format!("{field}.path"), Reason::InvalidPath, message);
            }
        }
    }
}

/// `ImplementationSpecific` means the same as `Prefix`.
fn path_matcher(path: &IngressPath) -> Result<PathMatcher, kinglet_ingress_routes::PathError> {
    match path.path_type {
        PathType::Exact => PathMatcher::exact(&path.path),
        PathType::Prefix | PathType::ImplementationSpecific => PathMatcher::prefix(&path.path),
    }
}

fn fallback_router(ingress: &Ingress, host: &str, service: Option<Arc<str>>) -> Option<Router> {
    Some(Router {
        name: router_name(ingress, host, ""),
        host: HostMatcher::parse(host).ok()?,
        path: PathMatcher::Fallback,
        service,
    })
}

/// `<namespace>-<ingress>-<host><path>`, normalised as Traefik does, so that dashboards keep working.
fn router_name(ingress: &Ingress, host: &str, path: &str) -> Arc<str> {
    let meta = &ingress.metadata;
    normalized_name(&format!("{}-{}-{host}{path}", meta.namespace, meta.name)).into()
}

/// Joins the runs of letters and digits with `-` and appends the provider's name.
pub(crate) fn normalized_name(text: &str) -> String {
    let mut name = String::with_capacity(text.len() + "@kubernetes".len());
    for part in text
        .split(|character: char| !character.is_alphanumeric())
        .filter(|part| !part.is_empty())
    {
        if !name.is_empty() {
            name.push('-');
        }
        name.push_str(part);
    }
    name.push_str("@kubernetes");
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised() {
        assert_eq!(
            normalized_name("default-web-a.example.com/api/"),
            "default-web-a-example-com-api@kubernetes"
        );
        assert_eq!(normalized_name("default-web-/"), "default-web@kubernetes");
    }
}
