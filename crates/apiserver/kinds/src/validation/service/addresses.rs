//! `clusterIP`, `clusterIPs`, `ipFamilies` and `ipFamilyPolicy` among each other.

use std::collections::HashSet;
use std::net::IpAddr;

use kinglet_api_schema::FieldError;
use serde_json::Value;

use crate::json::Json;
use crate::validation::{Errors, names};

/// Rules about `clusterIP`, `clusterIPs`, `ipFamilies` and `ipFamilyPolicy`; allocation relies on them.
pub(crate) fn cluster_ips(service: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    if service.text("spec.type") == "ExternalName" {
        return errors.0;
    }
    let (one, all) = (service.text("spec.clusterIP"), service.texts("spec.clusterIPs"));
    let list = || service.at("spec.clusterIPs").clone();
    match (one, all.first()) {
        ("", None) => {}
        ("", Some(_)) => errors.invalid(
            "spec.clusterIPs",
            list(),
            "must be empty when `clusterIP` is not specified",
        ),
        (_, None) => errors.required("spec.clusterIPs", ""),
        (one, Some(first)) if one != *first => {
            errors.invalid("spec.clusterIPs", list(), "first value must match `clusterIP`");
        }
        _ => {}
    }
    families(&mut errors, service);
    let before = errors.0.len();
    for (index, address) in all.iter().enumerate() {
        match (index, *address) {
            (0, "None") if all.len() > 1 => {
                errors.invalid(
                    "spec.clusterIPs",
                    list(),
                    "'None' must be the first and only value",
                );
            }
            (0, "None") => {}
            _ => errors.follows(&format!("spec.clusterIPs[{index}]"), address, names::address),
        }
    }
    let malformed = errors.0.len() > before;
    if all.len() > 2 {
        errors.invalid("spec.clusterIPs", list(), "may only hold up to 2 values");
    }
    if malformed {
        return errors.0;
    }
    let addresses: Vec<IpAddr> = all.iter().filter_map(|one| one.parse().ok()).collect();
    if let [first, second, ..] = addresses.as_slice()
        && (first.is_ipv6() == second.is_ipv6() || addresses.len() > 2)
    {
        errors.invalid(
            "spec.clusterIPs",
            list(),
            "may specify no more than one IP for each IP family",
        );
    }
    for (index, (address, family)) in addresses.iter().zip(service.texts("spec.ipFamilies")).enumerate() {
        let matching = if address.is_ipv6() { "IPv6" } else { "IPv4" };
        if family != matching && matches!(family, "IPv4" | "IPv6") {
            let why = format!("expected an {family} value as indicated by `ipFamilies[{index}]`");
            errors.invalid(format!("spec.clusterIPs[{index}]"), address.to_string(), why);
        }
    }
    errors.0
}

fn families(errors: &mut Errors, service: &Value) {
    let mut seen = HashSet::new();
    for (index, family) in service.texts("spec.ipFamilies").into_iter().enumerate() {
        let path = format!("spec.ipFamilies[{index}]");
        errors.one_of(&path, family, &["IPv4", "IPv6"], true);
        if !seen.insert(family) {
            errors.duplicate(path, family);
        }
    }
    errors.one_of(
        "spec.ipFamilyPolicy",
        service.text("spec.ipFamilyPolicy"),
        &["PreferDualStack", "RequireDualStack", "SingleStack"],
        false,
    );
}
