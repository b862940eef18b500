//! Options to settings of a lab.

use std::time::Duration;

use kinglet_config::{IpFamily, LabUp, PodNetwork};
use kinglet_lab::{Family, LabSettings};

/// The settings that the options mean.
pub(super) fn settings(up: &LabUp) -> LabSettings {
    let mut settings = LabSettings {
        name: up.lab.name.clone(),
        nodes: up.nodes,
        pod_network: match up.pod_network {
            PodNetwork::Bridge => kinglet_lab::PodNetwork::Bridge,
            PodNetwork::Routed => kinglet_lab::PodNetwork::Routed,
        },
        cluster_domain: up.cluster_domain.clone(),
        external_addresses: up.external_ips,
        uninitialized: up.cloud_provider_external,
        service_proxy: up.service_proxy,
        lease: Duration::from_secs(up.node_lease_seconds.max(1).into()),
        api_listen: up.api_listen,
        kubeconfig: up.kubeconfig.clone(),
        ..LabSettings::default()
    };
    settings.set_families(up.ip_families.iter().copied().map(family).collect());
    if !up.cluster_cidr.is_empty() {
        settings.cluster_cidrs.clone_from(&up.cluster_cidr);
    }
    if !up.service_cidr.is_empty() {
        settings.service_cidrs.clone_from(&up.service_cidr);
    }
    settings
}

/// An address family.
pub(super) fn family(family: IpFamily) -> Family {
    match family {
        IpFamily::Ipv4 => Family::V4,
        IpFamily::Ipv6 => Family::V6,
    }
}
