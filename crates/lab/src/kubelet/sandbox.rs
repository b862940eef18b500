//! The sandbox of a pod: its network and files on its node, before and after its containers.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

use kinglet_model::Object;

use crate::links::LinkError;
use crate::network::{Attachment, HostPort, namespace_name};
use crate::place::{Description, Place};
use crate::processes;

use super::cni::CniError;
use super::context::NodeContext;
use super::naming;
use super::spec::Pod;

/// Longest part of a pod's name in the name of its namespace: names of files have at most 255 bytes.
const NAME: usize = 100;

/// A sandbox that cannot be set up.
#[derive(Debug, thiserror::Error)]
pub(super) enum SandboxError {
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error("sysctl {name}: {source}")]
    Sysctl { name: String, source: io::Error },
    #[error("host ports: {0}")]
    HostPorts(LinkError),
    #[error("files: {0}")]
    Files(io::Error),
    #[error(transparent)]
    Cni(#[from] CniError),
}

/// The sandbox of a pod.
pub(super) struct Sandbox {
    pub(super) place: Place,
    /// Absent in a pod of the host network, which uses its node's.
    network: Option<Network>,
}

/// What a pod with a network of its own has on its node.
struct Network {
    attachment: Attachment,
    ports: Vec<HostPort>,
}

impl Network {
    async fn set_up(node: &NodeContext, pod: &Pod) -> Result<Self, SandboxError> {
        let attachment = node.network.attach(&namespace(node, pod), &link(pod)).await?;
        let mut network = Self {
            attachment,
            ports: Vec::new(),
        };
        match network.configure(node, pod) {
            Ok(()) => Ok(network),
            Err(error) => {
                network.tear_down(node).await;
                Err(error)
            }
        }
    }

    /// Sets the kernel parameters that the pod asks for, and opens its host ports.
    fn configure(&mut self, node: &NodeContext, pod: &Pod) -> Result<(), SandboxError> {
        for sysctl in &pod.spec.security_context.sysctls {
            if let Some(path) = sysctl.path() {
                let set = self.attachment.namespace.sysctl(&[(&path, &sysctl.value)]);
                set.map_err(|source| SandboxError::Sysctl {
                    name: sysctl.name.clone(),
                    source,
                })?;
            }
        }
        let ports = host_ports(pod, &self.attachment.addresses);
        node.network.open_ports(&ports).map_err(SandboxError::HostPorts)?;
        // Only now: ports that were not opened must not be closed, they may be another pod's.
        self.ports = ports;
        Ok(())
    }

    async fn tear_down(&self, node: &NodeContext) {
        // Before the namespace loses its name: processes are found by it.
        processes::end(std::slice::from_ref(&self.attachment.namespace));
        let closed = node.network.close_ports(&self.ports);
        let detached = node.network.detach(&self.attachment).await;
        if let Err(error) = closed.and(detached) {
            tracing::warn!(%error, "not all of a pod's network could be removed");
        }
    }
}

impl Sandbox {
    /// Sets a sandbox up, and waits until the node's CNI plugin lets the pod start. Of one that fails nothing
    /// is left.
    pub(super) async fn set_up(node: &NodeContext, pod: &Pod) -> Result<Self, SandboxError> {
        let network = if pod.spec.host_network {
            None
        } else {
            Some(Network::set_up(node, pod).await?)
        };
        let sandbox = match place(node, pod, network.as_ref()) {
            Ok(place) => Self { place, network },
            Err(error) => {
                if let Some(network) = network {
                    network.tear_down(node).await;
                }
                return Err(SandboxError::Files(error));
            }
        };
        if let Err(error) = sandbox.call_plugin(node, pod).await {
            sandbox.tear_down(node).await;
            return Err(error.into());
        }
        Ok(sandbox)
    }

    async fn call_plugin(&self, node: &NodeContext, pod: &Pod) -> Result<(), CniError> {
        match &node.plugin {
            Some(plugin) if self.network.is_some() => {
                let Place {
                    namespace,
                    description,
                    ..
                } = &self.place;
                plugin.add(pod, &namespace.path(), &description.addresses).await
            }
            _ => Ok(()),
        }
    }

    /// Ends what still runs in it and takes the network away. The files stay until the pod is gone, so that
    /// its logs can be read.
    pub(super) async fn tear_down(&self, node: &NodeContext) {
        if let Some(network) = &self.network {
            network.tear_down(node).await;
        }
    }
}

fn place(node: &NodeContext, pod: &Pod, network: Option<&Network>) -> io::Result<Place> {
    let (namespace, addresses, hostname) = match network {
        Some(Network { attachment, .. }) => (
            &attachment.namespace,
            &attachment.addresses,
            naming::hostname(pod),
        ),
        None => (
            &node.network.namespace,
            &node.network.addresses,
            node.name.clone(),
        ),
    };
    let description = Description {
        label: pod.object_name().to_string(),
        node: node.name.clone(),
        hostname,
        addresses: addresses.clone(),
    };
    let resolver = naming::resolver(pod, &node.cluster);
    let place = Place::create(directory(node, pod), namespace.clone(), description, &resolver)?;
    name(node, pod, &place)?;
    Ok(place)
}

/// A pod's files.
pub(super) fn directory(node: &NodeContext, pod: &Pod) -> PathBuf {
    node.directory.join("pods").join(&*pod.metadata.uid)
}

fn by_name(node: &NodeContext, pod: &Pod) -> PathBuf {
    let meta = &pod.metadata;
    node.directory
        .join("by-name")
        .join(&*meta.namespace)
        .join(&*meta.name)
}

/// Lets other processes find the pod by its name.
fn name(node: &NodeContext, pod: &Pod, place: &Place) -> io::Result<()> {
    let link = by_name(node, pod);
    if let Some(parent) = link.parent() {
        std::fs::create_dir_all(parent)?;
    }
    match std::fs::remove_file(&link) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::os::unix::fs::symlink(&place.directory, link)
}

/// Removes a pod's files, and its name unless a successor has it already.
pub(super) fn remove_files(node: &NodeContext, pod: &Pod) {
    let (directory, link) = (directory(node, pod), by_name(node, pod));
    if std::fs::read_link(&link).is_ok_and(|target| target == directory) {
        // Somebody else may have been faster.
        let _ = std::fs::remove_file(link);
    }
    let _ = std::fs::remove_dir_all(directory);
}

fn namespace(node: &NodeContext, pod: &Pod) -> String {
    let meta = &pod.metadata;
    let name: String = meta.name.chars().take(NAME).collect();
    let place = format!("{}.{name}.{}", meta.namespace, short(&meta.uid));
    namespace_name(&node.lab, &place)
}

fn link(pod: &Pod) -> String {
    format!("veth{}", short(&pod.metadata.uid))
}

/// The first part of an identifier: enough to tell pods apart, short enough for names of links.
fn short(uid: &str) -> String {
    uid.chars().filter(char::is_ascii_alphanumeric).take(8).collect()
}

/// The host ports of a pod, for each of its addresses. A `hostIP` opens them in its own family only.
fn host_ports(pod: &Pod, addresses: &[IpAddr]) -> Vec<HostPort> {
    let ports = pod.spec.containers.iter().flat_map(|container| &container.ports);
    let open = ports.filter(|port| port.host_port != 0);
    let each = open.flat_map(|port| addresses.iter().map(move |address| (port, *address)));
    each.filter_map(|(port, address)| {
        let host = port
            .host_ip
            .parse()
            .ok()
            .filter(|host: &IpAddr| !host.is_unspecified());
        let fits = host.is_none_or(|host| host.is_ipv4() == address.is_ipv4());
        fits.then_some(HostPort {
            protocol: port.protocol,
            host,
            port: port.host_port,
            address,
            container_port: port.container_port,
        })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn host_ports_open_in_the_families_that_fit() {
        let pod: Pod = serde_json::from_value(
            json!({"spec": {"containers": [{"name": "a", "image": "x", "ports": [
                {"containerPort": 80, "hostPort": 8080},
                {"containerPort": 81, "hostPort": 8081, "hostIP": "198.18.0.11"},
                {"containerPort": 82, "hostPort": 8082, "hostIP": "0.0.0.0"},
                {"containerPort": 83},
            ]}]}}),
        )
        .unwrap();
        let addresses = [IpAddr::from([10, 42, 1, 2]), "fd00:42:0:1::2".parse().unwrap()];
        let opened: Vec<(u16, bool, bool)> = host_ports(&pod, &addresses)
            .iter()
            .map(|port| (port.port, port.address.is_ipv4(), port.host.is_some()))
            .collect();
        let expected = [
            (8080, true, false),
            (8080, false, false),
            (8081, true, true),
            (8082, true, false),
            (8082, false, false),
        ];
        assert_eq!(opened, expected);
    }
}
