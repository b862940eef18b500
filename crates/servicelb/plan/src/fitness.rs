//! Which nodes may serve a Service.

use std::fmt;
use std::net::IpAddr;

use kinglet_model::{IpFamily, Node, Service};

use crate::names::{LABEL_ENABLE, LABEL_EXCLUDE, LABEL_POOL, LABEL_POOL_PREFIX};
use crate::toleration::untolerated;
use crate::view::View;

/// Why a node does not serve a Service.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Unfit {
    /// It is being deleted.
    Deleting,
    /// It is not ready.
    NotReady,
    /// It has the label that excludes it from load balancers.
    Excluded,
    /// Nodes are listed by their label `enablelb`, and this one is not.
    NotListed,
    /// It is not in the Service's pool.
    OtherPool(String),
    /// It has a taint, by key, that is not tolerated.
    Tainted(String),
    /// It does not have the address that the Service asks for.
    OtherAddress(IpAddr),
    /// No agent of Kinglet serves load balancers there.
    NoAgent,
    /// No Pod of the Service's DaemonSet is ready there.
    NoPod,
}

impl fmt::Display for Unfit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deleting => formatter.write_str("being deleted"),
            Self::NotReady => formatter.write_str("not ready"),
            Self::Excluded => write!(formatter, "excluded by the label {LABEL_EXCLUDE}"),
            Self::NotListed => write!(
                formatter,
                "without the label {LABEL_ENABLE}=true, which others have"
            ),
            Self::OtherPool(pool) => write!(formatter, "not in the pool {pool}"),
            Self::Tainted(key) => write!(formatter, "tainted with {key}"),
            Self::OtherAddress(address) => write!(formatter, "without the address {address}"),
            Self::NoAgent => formatter.write_str("without an agent"),
            Self::NoPod => formatter.write_str("without a ready Pod"),
        }
    }
}

/// The pool that a Service asks for.
pub(crate) fn pool(service: &Service) -> Option<&str> {
    service.metadata.label(LABEL_POOL).filter(|pool| !pool.is_empty())
}

/// The address that a Service asks for by `spec.loadBalancerIP`, if a node has it and it is of a family of
/// the Service; otherwise the field means nothing, as in K3s.
pub(crate) fn wanted_address(view: &View, service: &Service) -> Option<IpAddr> {
    let wanted = service.load_balancer_ip?;
    if !service.ip_families.contains(&IpFamily::of(wanted)) {
        return None;
    }
    view.has_address(wanted).then_some(wanted)
}

fn is_leaving(node: &Node) -> bool {
    node.metadata.deletion_timestamp.is_some()
}

fn has_address(node: &Node, wanted: IpAddr) -> bool {
    let mut addresses = node.addresses.iter();
    addresses.any(|one| one.address.parse() == Ok(wanted))
}

fn is_in_pool(node: &Node, pool: &str) -> bool {
    // By prefix, a node can be in several pools: a label has one value only.
    let key = format!("{LABEL_POOL_PREFIX}{pool}");
    node.metadata.label(LABEL_POOL) == Some(pool) || node.metadata.label(&key) == Some("true")
}

/// What keeps a Service's load balancer off a node, by the properties of both; agents and ports are looked at
/// elsewhere.
pub(crate) fn unfit(node: &Node, service: &Service, listed: bool, address: Option<IpAddr>) -> Option<Unfit> {
    // What somebody decided comes first in messages, what passes by itself last.
    if is_leaving(node) {
        return Some(Unfit::Deleting);
    }
    if listed && node.metadata.label(LABEL_ENABLE) != Some("true") {
        return Some(Unfit::NotListed);
    }
    if node.metadata.label(LABEL_EXCLUDE).is_some() {
        return Some(Unfit::Excluded);
    }
    if let Some(pool) = pool(service).filter(|pool| !is_in_pool(node, pool)) {
        return Some(Unfit::OtherPool(pool.to_owned()));
    }
    if let Some(address) = address.filter(|address| !has_address(node, *address)) {
        return Some(Unfit::OtherAddress(address));
    }
    if let Some(taint) = untolerated(node, service) {
        return Some(Unfit::Tainted(taint.key.to_string()));
    }
    (!node.is_ready()).then_some(Unfit::NotReady)
}
