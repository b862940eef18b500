//! The router: it connects the nodes with one another and with a client that stands for the rest of the
//! world.

use crate::addressing::{self, Family};
use crate::links::{LinkError, Links};
use crate::netns::Namespace;
use crate::settings::LabSettings;

use super::namespace::{configure, create, namespace_name};
use super::nat;

/// Name of the router's namespace.
const ROUTER: &str = "outside";
/// The bridge of the nodes' uplinks.
const BRIDGE: &str = "br0";
/// The router's link to the client.
const TO_CLIENT: &str = "client";

/// The router, and the client behind it.
#[derive(Clone)]
pub(crate) struct Router {
    pub(crate) namespace: Namespace,
    /// The client's namespace.
    pub(crate) client: Namespace,
    links: Links,
}

impl Router {
    pub(crate) async fn create(settings: &LabSettings) -> Result<Self, LinkError> {
        let namespace = create(&namespace_name(&settings.name, ROUTER), true)?;
        let client = create(&namespace_name(&settings.name, "client"), false)?;
        let links = Links::open(&namespace).await?;
        links.bridge(BRIDGE).await?;
        links.veth(TO_CLIENT, &client, "eth0").await?;
        links.up(TO_CLIENT).await?;
        let router = Self {
            namespace,
            client,
            links,
        };
        router.bypass_bridge_filter()?;
        router.address(&settings.families).await?;
        if settings.external_addresses {
            router.translate(settings)?;
        }
        Ok(router)
    }

    /// Puts the nodes' external addresses in front of them.
    fn translate(&self, settings: &LabSettings) -> Result<(), LinkError> {
        let numbers = 1..=settings.nodes;
        let pairs: Vec<_> = numbers
            .flat_map(|number| settings.families.iter().map(move |family| (*family, number)))
            .map(|(family, number)| {
                let (external, node) = (
                    addressing::external(family, number),
                    addressing::node(family, number),
                );
                (external.addr(), node.addr())
            })
            .collect();
        nat::external(&self.namespace, &pairs)
    }

    /// Frames between nodes stand for what is on the wire: with br_netfilter, whose parameters a namespace
    /// inherits, they would pass the router's nftables rules as if it forwarded them.
    fn bypass_bridge_filter(&self) -> Result<(), LinkError> {
        let present = std::path::Path::new("/proc/sys/net/bridge").exists();
        if !present {
            return Ok(());
        }
        configure(
            &self.namespace,
            &[
                ("net/bridge/bridge-nf-call-iptables", "0"),
                ("net/bridge/bridge-nf-call-ip6tables", "0"),
            ],
        )
    }

    async fn address(&self, families: &[Family]) -> Result<(), LinkError> {
        let client = Links::open(&self.client).await?;
        client.up("eth0").await?;
        for family in families {
            let gateway = addressing::client_gateway(*family);
            self.links.address(BRIDGE, addressing::router(*family)).await?;
            self.links.address(TO_CLIENT, gateway).await?;
            client.address("eth0", addressing::client(*family)).await?;
            let everything = family.everything();
            client.route(everything, Some(gateway.addr()), "eth0").await?;
        }
        Ok(())
    }

    /// Connects a node's `eth0`.
    pub(super) async fn connect(&self, number: u16, node: &Namespace) -> Result<(), LinkError> {
        let port = port_of(number);
        self.links.veth(&port, node, "eth0").await?;
        self.links.attach(&port, BRIDGE, false).await
    }

    /// Sets a node's uplink up or down.
    pub(crate) async fn set_connected(&self, number: u16, connected: bool) -> Result<(), LinkError> {
        let port = port_of(number);
        if connected {
            self.links.up(&port).await
        } else {
            self.links.down(&port).await
        }
    }

    /// Makes the router answer for an address, so that something may listen there.
    pub(crate) async fn own(&self, address: std::net::IpAddr) -> Result<(), LinkError> {
        self.links.address("lo", address.into()).await
    }
}

fn port_of(number: u16) -> String {
    format!("node-{number}")
}
