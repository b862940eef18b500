//! Which processes of Kinglet a lab runs: the server role on the first node, the agent role on each.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context, Result};
use ipnet::IpNet;
use kinglet_config::{LabService, ServiceLbMode};
use kinglet_lab::{Lab, LabSettings};

/// Where the server tells of its health, on its node.
const SERVER_ADMIN: &str = "127.0.0.1:9900";
/// Where agents do.
const AGENT_ADMIN: &str = "127.0.0.1:9901";

/// What Kinglet does on the lab.
#[derive(Clone)]
pub(crate) struct Choice {
    pub(crate) services: Vec<LabService>,
    pub(crate) servicelb_mode: ServiceLbMode,
}

impl Default for Choice {
    fn default() -> Self {
        Self {
            services: LabService::ALL.to_vec(),
            servicelb_mode: ServiceLbMode::default(),
        }
    }
}

/// What the processes are told of the cluster.
pub(super) struct Cluster {
    choice: Choice,
    /// Whether agents serve ClusterIPs and NodePorts.
    service_proxy: bool,
    nodes: u16,
    domain: String,
    dns: Option<IpAddr>,
    service_cidrs: Vec<IpNet>,
    cluster_cidrs: Vec<IpNet>,
}

impl Cluster {
    /// The cluster that the settings make. Where agents run, they serve Services in the lab's own stead.
    pub(super) fn of(settings: &mut LabSettings, choice: Choice) -> Self {
        let cluster = Self {
            choice,
            service_proxy: settings.service_proxy,
            nodes: settings.nodes,
            domain: settings.cluster_domain.clone(),
            dns: settings.dns_addresses().first().copied(),
            service_cidrs: settings.service_cidrs.clone(),
            cluster_cidrs: settings.cluster_cidrs.clone(),
        };
        if cluster.has_agents() {
            settings.service_proxy = false;
        }
        if cluster.runs(LabService::Ccm) {
            settings.uninitialized = true;
        }
        if cluster.runs(LabService::Netpol) {
            settings.cni_plugin = std::env::current_exe().ok();
        }
        cluster
    }

    fn runs(&self, service: LabService) -> bool {
        self.choice.services.contains(&service)
    }

    /// Whether a cloud controller initializes the nodes.
    pub(super) fn has_cloud(&self) -> bool {
        self.runs(LabService::Ccm)
    }

    /// What servers and agents must agree on.
    fn agreed(&self) -> Vec<String> {
        match self.choice.servicelb_mode {
            ServiceLbMode::Native => Vec::new(),
            ServiceLbMode::Daemonset => vec!["--servicelb-mode=daemonset".to_owned()],
        }
    }

    fn has_agents(&self) -> bool {
        self.runs(LabService::Servicelb) || self.runs(LabService::Netpol)
    }

    /// Network policy needs none.
    fn has_server(&self) -> bool {
        self.choice
            .services
            .iter()
            .any(|service| *service != LabService::Netpol)
    }
}

/// A process on a node.
pub(super) struct Role {
    /// `server` or `agent`.
    pub(super) name: &'static str,
    pub(super) node: String,
    pub(super) admin: &'static str,
    pub(super) arguments: Vec<String>,
}

impl Role {
    /// The node as a place.
    pub(super) fn place(&self) -> String {
        format!("node:{}", self.node)
    }
}

/// The processes that the cluster's services need.
pub(super) fn of(lab: &Lab, cluster: &Cluster) -> Result<Vec<Role>> {
    let mut roles = Vec::new();
    if cluster.has_server() {
        roles.push(server(lab, cluster)?);
    }
    if cluster.has_agents() {
        roles.extend((1..=cluster.nodes).map(|number| agent(lab, cluster, number)));
    }
    Ok(roles)
}

fn server(lab: &Lab, cluster: &Cluster) -> Result<Role> {
    let node = "node-1".to_owned();
    let address = lab.node_addresses(&node)?.first().copied();
    let address = address.context("node-1 has no address")?;
    let at = |port| SocketAddr::new(address, port).to_string();
    let mut arguments = vec![
        "server".to_owned(),
        format!("--kubeconfig={}", lab.inside_kubeconfig().display()),
        format!("--dns-listen={}", at(53)),
        format!("--web-listen={}", at(80)),
        format!("--websecure-listen={}", at(443)),
        format!("--admin-listen={SERVER_ADMIN}"),
        format!("--cluster-domain={}", cluster.domain),
        format!("--service-cidr={}", list(&cluster.service_cidrs)),
        format!("--cluster-cidr={}", list(&cluster.cluster_cidrs)),
    ];
    arguments.extend(cluster.agreed());
    arguments.extend(cluster.dns.map(|address| format!("--cluster-dns={address}")));
    let components = [
        (LabService::Dns, "coredns"),
        (LabService::Ingress, "traefik"),
        (LabService::Servicelb, "servicelb"),
    ];
    for (service, component) in components {
        if !cluster.runs(service) {
            arguments.push(format!("--disable={component}"));
        }
    }
    if !cluster.runs(LabService::Ccm) {
        arguments.push("--disable-cloud-controller".to_owned());
    }
    Ok(Role {
        name: "server",
        node,
        admin: SERVER_ADMIN,
        arguments,
    })
}

fn agent(lab: &Lab, cluster: &Cluster, number: u16) -> Role {
    let node = format!("node-{number}");
    let mut arguments = vec![
        "agent".to_owned(),
        format!("--kubeconfig={}", lab.inside_kubeconfig().display()),
        format!("--node-name={node}"),
        format!("--admin-listen={AGENT_ADMIN}"),
        format!("--cluster-cidr={}", list(&cluster.cluster_cidrs)),
    ];
    if let Ok(place) = lab.place(&format!("node:{node}")) {
        let socket = place.directory.join("agent.sock");
        arguments.push(format!("--cni-socket={}", socket.display()));
    }
    arguments.extend(cluster.agreed());
    let addresses = lab.node_addresses(&node).unwrap_or_default();
    arguments.extend(addresses.iter().map(|address| format!("--node-ip={address}")));
    let external = lab.external_addresses(&node).unwrap_or_default();
    arguments.extend(
        external
            .iter()
            .map(|address| format!("--node-external-ip={address}")),
    );
    if cluster.service_proxy {
        arguments.push("--service-proxy".to_owned());
    }
    if !cluster.runs(LabService::Servicelb) {
        arguments.push("--disable=servicelb".to_owned());
    }
    if !cluster.runs(LabService::Netpol) {
        arguments.push("--disable-network-policy".to_owned());
    }
    if !cluster.runs(LabService::Ccm) {
        arguments.push("--disable-cloud-controller".to_owned());
    }
    Role {
        name: "agent",
        node,
        admin: AGENT_ADMIN,
        arguments,
    }
}

fn list(ranges: &[IpNet]) -> String {
    let texts: Vec<String> = ranges.iter().map(ToString::to_string).collect();
    texts.join(",")
}
