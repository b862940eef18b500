//! How an API server is set up.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use ipnet::IpNet;

use crate::kubelet::KubeletClient;

/// ApiServerSettings of an embedded API server.
#[derive(Clone, Debug)]
pub struct ApiServerSettings {
    /// Where objects, certificates and the token are kept; `None` keeps everything in memory.
    pub data_dir: Option<PathBuf>,
    /// Address of the TLS listener; port 0 takes any free port.
    pub listen: SocketAddr,
    /// Where the Service `kubernetes` points; the listener when not given. For a server that pods reach
    /// through something in front of it.
    pub advertise: Option<SocketAddr>,
    /// Ranges that `clusterIP`s come from, at most one per IP family; the first is the primary one.
    pub service_cidrs: Vec<IpNet>,
    /// Range that `nodePort`s come from.
    pub node_port_range: RangeInclusive<u16>,
    /// DNS domain of the cluster, for the server certificate.
    pub cluster_domain: String,
    /// How kubelets are reached, where there are some: they answer for logs, exec, attach and port-forward.
    pub kubelets: Option<KubeletClient>,
}

impl Default for ApiServerSettings {
    /// In memory, on a free port of the loopback address, with Kubernetes' usual ranges.
    fn default() -> Self {
        let range = |address: [u8; 4], length| ipnet::Ipv4Net::new(address.into(), length).map(IpNet::V4);
        Self {
            data_dir: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            advertise: None,
            service_cidrs: range([10, 43, 0, 0], 16).into_iter().collect(),
            node_port_range: 30000..=32767,
            cluster_domain: "cluster.local".to_owned(),
            kubelets: None,
        }
    }
}
