//! The outside network: a router that connects nodes, and a client behind it.

use crate::addressing::{self, Family};
use crate::links::{LinkError, Links};
use crate::netns::Namespace;
use crate::settings::Settings;

use super::{configure, create, namespace_name, nat};

/// The bridge of the nodes' uplinks.
const BRIDGE: &str = "br0";
/// The router's link to the client.
const TO_CLIENT: &str = "client";

/// The router and the client.
#[derive(Clone)]
pub(crate) struct Outside {
    pub(crate) router: Namespace,
    pub(crate) client: Namespace,
    links: Links,
}

impl Outside {
    pub(crate) async fn create(settings: &Settings) -> Result<Self, LinkError> {
        let router = create(&namespace_name(&settings.name, "outside"), true)?;
        let client = create(&namespace_name(&settings.name, "client"), false)?;
        let links = Links::open(&router).await?;
        links.bridge(BRIDGE).await?;
        links.veth(TO_CLIENT, &client, "eth0").await?;
        links.up(TO_CLIENT).await?;
        let outside = Self {
            router,
            client,
            links,
        };
        outside.quiet_bridge()?;
        outside.address(&settings.families).await?;
        if settings.external_addresses {
            outside.translate(settings)?;
        }
        Ok(outside)
    }

    /// Puts the nodes' external addresses in front of them.
    fn translate(&self, settings: &Settings) -> Result<(), LinkError> {
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
        nat::external(&self.router, &pairs)
    }

    /// Frames between nodes are the wire: no rule looks at them.
    fn quiet_bridge(&self) -> Result<(), LinkError> {
        let present = std::path::Path::new("/proc/sys/net/bridge").exists();
        if !present {
            return Ok(());
        }
        configure(
            &self.router,
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

    /// Cuts or restores a node's uplink.
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
