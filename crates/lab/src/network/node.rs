//! A node's network and how pods join it.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use ipnet::IpNet;

use crate::addressing::{self, Family, Pool};
use crate::links::{LinkError, Links, link_local_gateway};
use crate::netns::Namespace;
use crate::settings::{LabSettings, PodNetwork};

use super::namespace::{configure, create, namespace_name};
use super::nat::{HostPort, NodeNat};
use super::router::Router;

/// The bridge of the pods, named as CNI's bridge plugin and flannel name it.
const BRIDGE: &str = "cni0";
const UPLINK: &str = "eth0";

/// The network of one node.
#[derive(Clone)]
pub(crate) struct NodeNetwork {
    pub(crate) namespace: Namespace,
    /// Ranges of the node's pods.
    pub(crate) pod_cidrs: Vec<IpNet>,
    /// InternalIPs, the primary family first.
    pub(crate) addresses: Vec<IpAddr>,
    links: Links,
    nat: NodeNat,
    mode: PodNetwork,
    pools: Arc<Mutex<Vec<Pool>>>,
}

/// A pod's connection to its node.
#[derive(Debug)]
pub(crate) struct Attachment {
    pub(crate) namespace: Namespace,
    /// Pod addresses, the primary family first.
    pub(crate) addresses: Vec<IpAddr>,
    /// The node's end.
    host_link: String,
}

impl NodeNetwork {
    pub(crate) async fn create(
        settings: &LabSettings,
        router: &Router,
        number: u16,
    ) -> Result<Self, LinkError> {
        let namespace = create(&namespace_name(&settings.name, &format!("node-{number}")), true)?;
        router.connect(number, &namespace).await?;
        let pod_cidrs: Vec<IpNet> = settings
            .cluster_cidrs
            .iter()
            .map(|range| addressing::pod_cidr(*range, number))
            .collect();
        let network = Self {
            links: Links::open(&namespace).await?,
            nat: NodeNat::create(&namespace, &settings.cluster_cidrs, UPLINK)?,
            namespace,
            addresses: settings
                .families
                .iter()
                .map(|family| addressing::node(*family, number).addr())
                .collect(),
            mode: settings.pod_network,
            pools: Arc::new(Mutex::new(pod_cidrs.iter().copied().map(Pool::new).collect())),
            pod_cidrs,
        };
        network.uplink(&settings.families, number).await?;
        network.routes(settings, number).await?;
        if network.mode == PodNetwork::Bridge {
            network.bridge().await?;
        }
        Ok(network)
    }

    async fn uplink(&self, families: &[Family], number: u16) -> Result<(), LinkError> {
        self.links.up(UPLINK).await?;
        for family in families {
            self.links
                .address(UPLINK, addressing::node(*family, number))
                .await?;
            let gateway = addressing::router(*family).addr();
            self.links
                .route(family.everything(), Some(gateway), UPLINK)
                .await?;
        }
        Ok(())
    }

    /// The other nodes' pods are behind the other nodes.
    async fn routes(&self, settings: &LabSettings, number: u16) -> Result<(), LinkError> {
        for other in (1..=settings.nodes).filter(|other| *other != number) {
            for range in &settings.cluster_cidrs {
                let gateway = addressing::node(Family::of_range(range), other).addr();
                self.links
                    .route(addressing::pod_cidr(*range, other), Some(gateway), UPLINK)
                    .await?;
            }
        }
        Ok(())
    }

    async fn bridge(&self) -> Result<(), LinkError> {
        self.links.bridge(BRIDGE).await?;
        for gateway in self.gateways() {
            self.links.address(BRIDGE, gateway).await?;
        }
        // Frames between pods of one node pass the rules too, as kube-proxy and network policies need it.
        configure(
            &self.namespace,
            &[
                ("net/bridge/bridge-nf-call-iptables", "1"),
                ("net/bridge/bridge-nf-call-ip6tables", "1"),
            ],
        )
    }

    fn gateways(&self) -> Vec<IpNet> {
        self.pools().iter().map(Pool::gateway).collect()
    }

    fn pools(&self) -> std::sync::MutexGuard<'_, Vec<Pool>> {
        // No code that holds the lock can panic half-way through a change.
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a pod's namespace and connects it.
    pub(crate) async fn attach(&self, name: &str, link: &str) -> Result<Attachment, LinkError> {
        let addresses: Option<Vec<IpAddr>> = self.pools().iter_mut().map(Pool::take).collect();
        let addresses = addresses
            .ok_or_else(|| LinkError::new(name, "choose an address", &"the node's range is used up"))?;
        let attached = self.connect(name, link, &addresses).await;
        match attached {
            Ok(namespace) => Ok(Attachment {
                namespace,
                addresses,
                host_link: link.to_owned(),
            }),
            Err(error) => {
                self.give_back(&addresses);
                Err(error)
            }
        }
    }

    async fn connect(&self, name: &str, link: &str, addresses: &[IpAddr]) -> Result<Namespace, LinkError> {
        // Left by a start that failed half-way.
        let _ = Namespace::remove(name);
        let namespace = create(name, false)?;
        // The node's end of a link that such a start left: names of links come from the pods' uids.
        self.links.remove(link).await?;
        self.links.veth(link, &namespace, "eth0").await?;
        let pod = Links::open(&namespace).await?;
        pod.up("eth0").await?;
        match self.mode {
            PodNetwork::Bridge => self.join_bridge(link, &pod, addresses).await?,
            PodNetwork::Routed => self.join_routed(link, &pod, addresses).await?,
        }
        Ok(namespace)
    }

    async fn join_bridge(&self, link: &str, pod: &Links, addresses: &[IpAddr]) -> Result<(), LinkError> {
        self.links.attach(link, BRIDGE, true).await?;
        for (address, gateway) in addresses.iter().zip(self.gateways()) {
            let family = Family::of(*address);
            pod.address("eth0", addressing::with_prefix(*address, gateway.prefix_len()))
                .await?;
            pod.route(family.everything(), Some(gateway.addr()), "eth0")
                .await?;
        }
        Ok(())
    }

    async fn join_routed(&self, link: &str, pod: &Links, addresses: &[IpAddr]) -> Result<(), LinkError> {
        // The node answers for the gateway's address on this link, at once.
        configure(
            &self.namespace,
            &[
                (&format!("net/ipv4/conf/{link}/proxy_arp"), "1"),
                (&format!("net/ipv4/neigh/{link}/proxy_delay"), "0"),
            ],
        )?;
        self.links.up(link).await?;
        for address in addresses {
            let gateway = link_local_gateway(address.is_ipv4());
            if address.is_ipv6() {
                self.links
                    .address(link, addressing::with_prefix(gateway, 64))
                    .await?;
            }
            self.links.route((*address).into(), None, link).await?;
            pod.address("eth0", (*address).into()).await?;
            pod.route(Family::of(*address).everything(), Some(gateway), "eth0")
                .await?;
        }
        Ok(())
    }

    /// Disconnects a pod. Its addresses are free from now on.
    pub(crate) async fn detach(&self, attachment: &Attachment) -> Result<(), LinkError> {
        let removed = self.links.remove(&attachment.host_link).await;
        let name = attachment.namespace.name();
        let unnamed = Namespace::remove(name).map_err(|error| LinkError::new(name, "remove", &error));
        // Even if something is left: the range would run out otherwise, and the link is gone or useless.
        self.give_back(&attachment.addresses);
        removed.and(unnamed)
    }

    /// Opens host ports of a pod.
    pub(crate) fn open_ports(&self, ports: &[HostPort]) -> Result<(), LinkError> {
        self.nat.open(ports)
    }

    /// Closes them.
    pub(crate) fn close_ports(&self, ports: &[HostPort]) -> Result<(), LinkError> {
        self.nat.close(ports)
    }

    fn give_back(&self, addresses: &[IpAddr]) {
        for (pool, address) in self.pools().iter_mut().zip(addresses) {
            pool.give_back(*address);
        }
    }
}
