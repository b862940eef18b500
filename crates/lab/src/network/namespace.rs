//! Namespaces of a lab: their names and kernel parameters.

use crate::links::{LinkError, in_namespace};
use crate::netns::Namespace;

/// Name of a lab's namespaces: `kl-LAB-PLACE`.
pub(crate) fn namespace_name(lab: &str, place: &str) -> String {
    format!("{}{place}", namespace_prefix(lab))
}

/// What the names of a lab's namespaces begin with. Lab names have no dots, so no prefix begins another
/// lab's.
pub(crate) fn namespace_prefix(lab: &str) -> String {
    format!("kl-{lab}.")
}

/// Settings of every namespace, before it has links: addresses are usable at once, and nobody announces
/// routers.
const ALL: &[(&str, &str)] = &[
    ("net/ipv6/conf/all/accept_dad", "0"),
    ("net/ipv6/conf/default/accept_dad", "0"),
    ("net/ipv6/conf/all/accept_ra", "0"),
    ("net/ipv6/conf/default/accept_ra", "0"),
    // Everybody may ping, as containerd has it (`enable_unprivileged_icmp`).
    ("net/ipv4/ping_group_range", "0 2147483647"),
];

/// Settings of namespaces that forward.
const FORWARDING: &[(&str, &str)] = &[
    ("net/ipv4/ip_forward", "1"),
    ("net/ipv6/conf/all/forwarding", "1"),
    ("net/ipv6/conf/default/forwarding", "1"),
    ("net/ipv4/conf/all/rp_filter", "0"),
    ("net/ipv4/conf/default/rp_filter", "0"),
];

/// A new namespace of a lab.
pub(super) fn create(name: &str, forwards: bool) -> Result<Namespace, LinkError> {
    let wrong = |error: &std::io::Error| LinkError::new(name, "create", error);
    let namespace = Namespace::create(name).map_err(|error| wrong(&error))?;
    configure(&namespace, ALL)?;
    if forwards {
        configure(&namespace, FORWARDING)?;
    }
    Ok(namespace)
}

pub(super) fn configure(namespace: &Namespace, settings: &[(&str, &str)]) -> Result<(), LinkError> {
    namespace
        .sysctl(settings)
        .map_err(|error| in_namespace(namespace, "set kernel parameters", &error))
}
