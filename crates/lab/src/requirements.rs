//! What a lab needs of the machine; looked at before anything is made.

use std::net::IpAddr;
use std::path::Path;
use std::process::Command;

use ipnet::IpNet;
use nix::ifaddrs::getifaddrs;

use crate::settings::{LabSettings, PodNetwork, overlap};

const BRIDGE_FILTER: &str = "/proc/sys/net/bridge/bridge-nf-call-iptables";

/// Something that the machine lacks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequirementError {
    /// Not root.
    #[error("a lab needs root: it makes network namespaces; run it with sudo")]
    Root,
    /// A kernel feature.
    #[error("this kernel lacks {feature}: {hint}")]
    Kernel {
        /// The feature.
        feature: &'static str,
        /// What to do.
        hint: &'static str,
    },
    /// A range is in use by the host.
    #[error("{what} {range} overlaps {taken} on {link} of this machine; choose another range")]
    Range {
        /// Which range.
        what: &'static str,
        /// Its value.
        range: IpNet,
        /// The host's network.
        taken: IpNet,
        /// The host's link.
        link: String,
    },
}

/// Checks all that can be checked without making anything.
pub fn check(settings: &LabSettings) -> Result<(), RequirementError> {
    if !nix::unistd::geteuid().is_root() {
        return Err(RequirementError::Root);
    }
    if !Path::new("/proc/self/ns/net").exists() {
        return Err(RequirementError::Kernel {
            feature: "network namespaces",
            hint: "it is built without CONFIG_NET_NS",
        });
    }
    if settings.pod_network == PodNetwork::Bridge && !has_bridge_filter() {
        return Err(RequirementError::Kernel {
            feature: "br_netfilter",
            hint: "load it with `modprobe br_netfilter`, or use routed pods (--pod-network routed)",
        });
    }
    check_ranges(settings, &host_networks())
}

/// Loads the module where that is possible.
fn has_bridge_filter() -> bool {
    let present = || Path::new(BRIDGE_FILTER).exists();
    if present() {
        return true;
    }
    // Whether it worked is seen by its effect.
    let _ = Command::new("modprobe").arg("br_netfilter").output();
    present()
}

/// The lab is apart from the host's network, but whoever reads an address should know which of the two is
/// meant.
fn check_ranges(settings: &LabSettings, host: &[(String, IpNet)]) -> Result<(), RequirementError> {
    let named = [
        ("--cluster-cidr", &settings.cluster_cidrs),
        ("--service-cidr", &settings.service_cidrs),
    ];
    let given = named
        .into_iter()
        .flat_map(|(what, ranges)| ranges.iter().map(move |range| (what, *range)));
    let fixed = settings.families.iter().flat_map(|family| family.lab_ranges());
    for (what, range) in given.chain(fixed) {
        if let Some((link, taken)) = host.iter().find(|(_, taken)| overlap(&range, taken)) {
            return Err(RequirementError::Range {
                what,
                range,
                taken: *taken,
                link: link.clone(),
            });
        }
    }
    Ok(())
}

/// Networks of the host's links.
fn host_networks() -> Vec<(String, IpNet)> {
    let Ok(all) = getifaddrs() else { return Vec::new() };
    all.filter_map(|link| {
        let (address, mask) = (ip(link.address?)?, ip(link.netmask?)?);
        let network = IpNet::with_netmask(address, mask).ok()?.trunc();
        Some((link.interface_name, network))
    })
    .collect()
}

fn ip(address: nix::sys::socket::SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_the_host_are_refused_by_name() {
        let settings = LabSettings::default();
        let host = |network: &str| vec![("eth0".to_owned(), network.parse().unwrap())];
        assert_eq!(check_ranges(&settings, &host("192.168.1.0/24")), Ok(()));
        let error = check_ranges(&settings, &host("10.42.7.0/24")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "--cluster-cidr 10.42.0.0/16 overlaps 10.42.7.0/24 on eth0 of this machine; choose another range"
        );
    }
}
