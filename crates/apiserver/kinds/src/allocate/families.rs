//! Address families of a Service: which of IPv4 and IPv6 it gets, from what it asks for and what the cluster
//! has.

use std::net::IpAddr;

use ipnet::IpNet;
use kinglet_api_schema::FieldError;
use serde_json::Value;

use super::error::AllocateError;
use super::range::Ranges;
use crate::json::{Json, JsonMut};
use crate::validation::service::cluster_ips;

const POLICY: &str = "spec.ipFamilyPolicy";
const FAMILIES: &str = "spec.ipFamilies";
const SINGLE: &str = "SingleStack";

/// Whether a Service has a `type`.
pub(super) fn is(service: &Value, kind: &str) -> bool {
    service.text("spec.type") == kind
}

/// The family of a network.
pub(super) fn of_network(network: &IpNet) -> &'static str {
    of(network.addr())
}

fn of(address: IpAddr) -> &'static str {
    if address.is_ipv6() { "IPv6" } else { "IPv4" }
}

fn other(family: &str) -> &'static str {
    if family == "IPv4" { "IPv6" } else { "IPv4" }
}

/// Fills in `ipFamilyPolicy` and `ipFamilies`.
pub(super) fn complete(new: &mut Value, old: Option<&Value>, ranges: &Ranges) -> Result<(), AllocateError> {
    if is(new, "ExternalName") || old.is_some_and(|old| still_preferring_both(new, old)) {
        return Ok(());
    }
    let selectorless = new.text("spec.clusterIP") == "None" && new.entries("spec.selector").next().is_none();
    policy(new, old, selectorless);
    judged(cluster_ips(new))?;
    if let Some(old) = old {
        judged(shrink(new, old))?;
    }
    judged(single(new))?;
    judged(from_addresses(new, ranges))?;
    let configured: Vec<&str> = ranges.networks.iter().map(of_network).collect();
    if !selectorless {
        judged(unavailable(new, &configured))?;
    }
    if new.list(FAMILIES).is_empty() {
        let default = configured.first().copied().unwrap_or("IPv4");
        new.put(FAMILIES, vec![default]);
    }
    let wants_both = new.text(POLICY) != SINGLE && (selectorless || configured.len() == 2);
    if let [family] = new.texts(FAMILIES).as_slice()
        && wants_both
    {
        let both = vec![(*family).to_owned(), other(family).to_owned()];
        new.put(FAMILIES, both);
    }
    Ok(())
}

fn judged(errors: Vec<FieldError>) -> Result<(), AllocateError> {
    if errors.is_empty() {
        Ok(())
    } else {
        Err(AllocateError::Invalid(errors))
    }
}

/// Whether a Service that takes what it can get is updated without a word about it: then it keeps what it
/// has.
fn still_preferring_both(new: &Value, old: &Value) -> bool {
    let preferring = |service: &Value| service.text(POLICY) == "PreferDualStack";
    preferring(new)
        && (preferring(old) || !old.has(POLICY))
        && new.text("spec.type") == old.text("spec.type")
        && new.texts("spec.clusterIPs") == old.texts("spec.clusterIPs")
        && new.texts(FAMILIES) == old.texts(FAMILIES)
}

fn policy(new: &mut Value, old: Option<&Value>, selectorless: bool) {
    let before = old.map_or("", |old| old.text(POLICY));
    let policy = match (before, selectorless) {
        // Somebody else makes its endpoints, in whatever family; no service network has to have it.
        ("", true) => "RequireDualStack",
        ("", false) => SINGLE,
        (before, _) => before,
    };
    new.fill(POLICY, policy);
}

/// `SingleStack` releases the second address and family; another policy may not.
fn shrink(new: &mut Value, old: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (path, what) in [("spec.clusterIPs", "cluster IP"), (FAMILIES, "IP family")] {
        let (now, before) = (new.texts(path), old.texts(path));
        if new.text(POLICY) != SINGLE {
            if !now.is_empty() && now.len() < before.len() {
                let why = format!("must be 'SingleStack' to release the secondary {what}");
                errors.push(FieldError::invalid(POLICY, new.text(POLICY), why));
            }
        } else if now == before && now.len() > 1 {
            let first = now.first().copied().unwrap_or_default().to_owned();
            new.put(path, vec![first]);
        }
    }
    errors
}

fn single(new: &Value) -> Vec<FieldError> {
    if new.text(POLICY) != SINGLE {
        return Vec::new();
    }
    [("spec.clusterIPs", "cluster IPs"), (FAMILIES, "IP families")]
        .into_iter()
        .filter(|(path, _)| new.list(path).len() == 2)
        .map(|(_, what)| {
            let why =
                format!("must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified");
            FieldError::invalid(POLICY, SINGLE, why)
        })
        .collect()
}

/// Requested addresses tell families that are not given.
fn from_addresses(new: &mut Value, ranges: &Ranges) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut families: Vec<String> = new.texts(FAMILIES).into_iter().map(str::to_owned).collect();
    let addresses: Vec<IpAddr> = new
        .texts("spec.clusterIPs")
        .into_iter()
        .filter_map(|text| text.parse().ok())
        .collect();
    for (index, address) in addresses.into_iter().enumerate().skip(families.len()) {
        let family = of(address);
        if ranges
            .networks
            .iter()
            .any(|network| of_network(network) == family)
        {
            families.push(family.to_owned());
        } else {
            let why = format!("{family} is not configured on this cluster");
            let value = new.at("spec.clusterIPs").clone();
            errors.push(FieldError::invalid(
                format!("spec.clusterIPs[{index}]"),
                value,
                why,
            ));
        }
    }
    if !families.is_empty() {
        new.put(FAMILIES, families);
    }
    errors
}

fn unavailable(new: &Value, configured: &[&str]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if new.text(POLICY) == "RequireDualStack" && configured.len() < 2 {
        let why = "this cluster is not configured for dual-stack services";
        errors.push(FieldError::invalid(POLICY, new.text(POLICY), why));
    }
    for (index, family) in new.texts(FAMILIES).into_iter().enumerate() {
        if !configured.contains(&family) {
            let path = format!("{FAMILIES}[{index}]");
            errors.push(FieldError::invalid(
                path,
                family,
                "not configured on this cluster",
            ));
        }
    }
    errors
}
