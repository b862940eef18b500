//! The two ends of a connection that `--from` and `--to` name.

use std::net::IpAddr;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use kinglet_model::{Object, ObjectName, Pod, Service, ServiceType};
use kinglet_policy::{Endpoint, Path};

use super::objects::Objects;

/// What somebody named.
pub(super) enum Named<'a> {
    Pod(Arc<Pod>),
    Service(&'a Service),
    Address(IpAddr),
}

impl<'a> Named<'a> {
    /// Reads NAMESPACE/POD, NAMESPACE/SERVICE, SERVICE.NAMESPACE.svc or an address.
    pub(super) fn parse(text: &str, objects: &'a Objects) -> Result<Self> {
        if let Ok(address) = text.parse() {
            // DNAT comes before the filter hooks, so that no policy ever sees the address of a Service.
            let mut services = objects.services.iter();
            let owner = services.find(|one| one.cluster_ips.contains(&address));
            return Ok(owner.map_or(Self::Address(address), Self::Service));
        }
        if let Some((namespace, name)) = text.split_once('/') {
            objects.has_namespace(namespace)?;
            let name = ObjectName::new(namespace, name);
            if let Some(pod) = objects.cluster.pod(&name) {
                return Ok(Self::Pod(pod.clone()));
            }
            let service = objects.service(&name);
            return service
                .map(Self::Service)
                .context("there is no such pod, and no such Service");
        }
        // As DNS has it: NAME.NAMESPACE.svc, with or without the domain of the cluster.
        let mut labels = text.split('.');
        let (Some(name), Some(namespace), Some("svc")) = (labels.next(), labels.next(), labels.next()) else {
            bail!("NAMESPACE/NAME of a pod or Service, SERVICE.NAMESPACE.svc or an address is accepted");
        };
        objects.has_namespace(namespace)?;
        let service = objects.service(&ObjectName::new(namespace, name));
        service.map(Self::Service).context("there is no such Service")
    }
}

/// A pod as an end.
pub(super) fn of_pod(pod: &Arc<Pod>, objects: &Objects) -> Result<Endpoint> {
    ensure!(
        !pod.is_finished(),
        "the pod has finished (phase {}) and has no connections",
        pod.phase
    );
    if pod.host_network {
        let addresses = if pod.ips.is_empty() {
            objects.addresses_of_node(&pod.node_name)
        } else {
            pod.ips.clone()
        };
        ensure!(
            !addresses.is_empty(),
            "the pod is on the network of its node, whose address is not known: name that address instead"
        );
        return Ok(Endpoint::Addresses(addresses));
    }
    let endpoint = objects.cluster.endpoint(pod, &objects.networks);
    endpoint.with_context(|| format!("a newer pod has its address {}", list(&pod.ips)))
}

/// The pods that a Service selects.
pub(super) fn selected(service: &Service, objects: &Objects) -> Result<Vec<Arc<Pod>>> {
    ensure!(
        service.service_type != ServiceType::ExternalName,
        "the Service is an alias of a name outside (ExternalName): name an address"
    );
    ensure!(
        !service.selector.is_empty(),
        "the Service has no selector: name the pod or address behind it"
    );
    let is_meant = |pod: &&Arc<Pod>| {
        let labels = &pod.metadata.labels;
        pod.metadata.namespace == service.metadata.namespace
            && !pod.is_finished()
            && service
                .selector
                .iter()
                .all(|(key, value)| labels.get(key) == Some(value))
    };
    let pods: Vec<_> = objects.cluster.all_pods().filter(is_meant).cloned().collect();
    ensure!(!pods.is_empty(), "the Service selects no pod");
    Ok(pods)
}

/// How a packet may pass the node: policies apply otherwise between a node and the pods that it runs.
pub(super) fn paths(objects: &Objects, ends: [(IpAddr, &Endpoint); 2]) -> Vec<Path> {
    let [source, destination] = ends;
    let pod = |(address, endpoint): (IpAddr, &Endpoint)| match endpoint {
        Endpoint::Addresses(_) => objects.cluster.owner(address).cloned(),
        Endpoint::Unknown(pod, _) => Some(pod.clone()),
    };
    for (node, other, path) in [
        (source, destination, Path::FromNode),
        (destination, source, Path::ToNode),
    ] {
        let (Some(pod), true) = (pod(other), objects.cluster.is_of_node(node.0)) else {
            continue;
        };
        if pod.node_name.is_empty() {
            return vec![path, Path::Forwarded];
        }
        if objects.addresses_of_node(&pod.node_name).contains(&node.0) {
            return vec![path];
        }
    }
    vec![Path::Forwarded]
}

/// How an end is called.
pub(super) fn label(endpoint: &Endpoint, objects: &Objects) -> String {
    match endpoint {
        Endpoint::Unknown(pod, _) => pod.object_name().to_string(),
        Endpoint::Addresses(addresses) => {
            let owner = addresses.first().and_then(|one| objects.cluster.owner(*one));
            match owner {
                Some(pod) => format!("{} ({})", pod.object_name(), list(addresses)),
                None => list(addresses),
            }
        }
    }
}

fn list(addresses: &[IpAddr]) -> String {
    let texts: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    texts.join(", ")
}
