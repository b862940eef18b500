//! Links, addresses and routes of a namespace, over rtnetlink.

use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::os::fd::AsRawFd;

use ipnet::IpNet;
use rtnetlink::packet_route::address::AddressHeaderFlags;
use rtnetlink::packet_route::link::{InfoData, InfoVeth};
use rtnetlink::packet_route::route::RouteScope;
use rtnetlink::{
    Handle, LinkBridge, LinkBridgePort, LinkMessageBuilder, LinkUnspec, LinkVeth, RouteMessageBuilder,
};

use crate::netns::Namespace;

/// A change of links that failed.
#[derive(Debug, thiserror::Error)]
#[error("namespace {namespace}: {action}: {reason}")]
pub struct LinkError {
    namespace: String,
    action: String,
    reason: String,
}

impl LinkError {
    pub(crate) fn new(namespace: &str, action: &str, reason: &dyn std::fmt::Display) -> Self {
        Self {
            namespace: namespace.to_owned(),
            action: action.to_owned(),
            reason: reason.to_string(),
        }
    }
}

/// The links of one namespace.
#[derive(Clone)]
pub(crate) struct Links {
    handle: Handle,
    namespace: Namespace,
}

/// The hardware address of bridges, one that is administered locally. One that nobody sets is the lowest of
/// the ports' addresses: it changes when pods come and go, and those that know the old one send to nobody for
/// a while.
const BRIDGE_ADDRESS: [u8; 6] = [0x02, 0, 0, 0, 0, 1];

impl Links {
    /// Opens a socket in the namespace. The loopback is set up on the way.
    pub(crate) async fn open(namespace: &Namespace) -> Result<Self, LinkError> {
        let runtime = tokio::runtime::Handle::current();
        let (connection, handle, _) = open_in(namespace, "open a netlink socket", || {
            let _guard = runtime.enter();
            rtnetlink::new_connection()
        })?;
        // The handle only queues requests; this task sends them and reads the kernel's answers.
        tokio::spawn(connection);
        let links = Self {
            handle,
            namespace: namespace.clone(),
        };
        links.up("lo").await?;
        Ok(links)
    }

    /// Adds a pair of links, one end here and one in `peer` as `peer_name`. Both are down.
    pub(crate) async fn veth(&self, name: &str, peer: &Namespace, peer_name: &str) -> Result<(), LinkError> {
        let end = LinkMessageBuilder::<LinkUnspec>::new()
            .name(peer_name)
            .setns_by_fd(peer.fd().as_raw_fd())
            .build();
        let pair = LinkVeth::new(name, peer_name)
            .set_info_data(InfoData::Veth(InfoVeth::Peer(end)))
            .build();
        let added = self.handle.link().add(pair).execute().await;
        self.told(added, || format!("add link {name} (kernel feature veth)"))
    }

    /// Adds a bridge and sets it up.
    pub(crate) async fn bridge(&self, name: &str) -> Result<(), LinkError> {
        let bridge = LinkBridge::new(name)
            .address(BRIDGE_ADDRESS.to_vec())
            .up()
            .build();
        let added = self.handle.link().add(bridge).execute().await;
        self.told(added, || format!("add bridge {name} (kernel feature bridge)"))
    }

    /// Makes a link a port of a bridge and sets it up. With `hairpin` a frame may leave where it came in: a
    /// pod reaches itself through a Service.
    pub(crate) async fn attach(&self, name: &str, bridge: &str, hairpin: bool) -> Result<(), LinkError> {
        let controller = self.index(bridge).await?;
        let port = LinkUnspec::new_with_name(name)
            .controller(controller)
            .up()
            .build();
        let set = self.handle.link().set(port).execute().await;
        self.told(set, || format!("attach {name} to {bridge}"))?;
        if hairpin {
            let port = LinkBridgePort::new(self.index(name).await?).hairpin(true).build();
            let set = self.handle.link().set_port(port).execute().await;
            self.told(set, || format!("hairpin mode of {name}"))?;
        }
        Ok(())
    }

    /// Sets a link up.
    pub(crate) async fn up(&self, name: &str) -> Result<(), LinkError> {
        let message = LinkUnspec::new_with_name(name).up().build();
        let set = self.handle.link().set(message).execute().await;
        self.told(set, || format!("set {name} up"))
    }

    /// Sets a link down.
    pub(crate) async fn down(&self, name: &str) -> Result<(), LinkError> {
        let message = LinkUnspec::new_with_name(name).down().build();
        let set = self.handle.link().set(message).execute().await;
        self.told(set, || format!("set {name} down"))
    }

    /// Removes a link; one that is gone already is fine.
    pub(crate) async fn remove(&self, name: &str) -> Result<(), LinkError> {
        match self.index(name).await {
            Err(_) => Ok(()),
            Ok(index) => {
                let removed = self.handle.link().del(index).execute().await;
                self.told(removed, || format!("remove {name}"))
            }
        }
    }

    /// Gives a link an address, usable at once.
    pub(crate) async fn address(&self, name: &str, address: IpNet) -> Result<(), LinkError> {
        let index = self.index(name).await?;
        let request = self
            .handle
            .address()
            .add(index, address.addr(), address.prefix_len());
        let mut request = request.replace();
        // Also where duplicate address detection is off (`accept_dad`), an IPv6 address is tentative until a
        // worker of the kernel has looked at it, and nobody can listen on it until then.
        request.message_mut().header.flags |= AddressHeaderFlags::Nodad;
        let added = request.execute().await;
        self.told(added, || format!("address {address} on {name}"))
    }

    /// Routes a range to a gateway. A gateway that no connected range holds is looked for on `link` itself.
    pub(crate) async fn route(
        &self,
        range: IpNet,
        gateway: Option<IpAddr>,
        link: &str,
    ) -> Result<(), LinkError> {
        let index = self.index(link).await?;
        let wrong = |error: &dyn std::fmt::Display| self.failed(format!("route {range}"), error);
        let mut route = RouteMessageBuilder::<IpAddr>::new()
            .destination_prefix(range.network(), range.prefix_len())
            .map_err(|error| wrong(&error))?
            .output_interface(index);
        route = match gateway {
            Some(gateway) => route.gateway(gateway).map_err(|error| wrong(&error))?.onlink(),
            // As `ip route` does: without a gateway the destination is on the link itself.
            None if range.addr().is_ipv4() => route.scope(RouteScope::Link),
            None => route,
        };
        let added = self.handle.route().add(route.build()).replace().execute().await;
        self.told(added, || format!("route {range} on {link}"))
    }

    /// The link's number.
    async fn index(&self, name: &str) -> Result<u32, LinkError> {
        // An ioctl of a socket, which belongs to the namespace of the thread that opens it.
        let looked_up = self.namespace.run(|| Ok(nix::net::if_::if_nametoindex(name)?));
        looked_up.map_err(|error| self.failed(format!("find link {name}"), &error))
    }

    fn told<E: std::fmt::Display>(
        &self,
        result: Result<(), E>,
        action: impl FnOnce() -> String,
    ) -> Result<(), LinkError> {
        result.map_err(|error| self.failed(action(), &error))
    }

    fn failed(&self, action: String, reason: &dyn std::fmt::Display) -> LinkError {
        LinkError::new(self.namespace.name(), &action, reason)
    }
}

/// The gateway that pods on routed links have: an address that only this link knows.
pub(crate) fn link_local_gateway(family_is_ipv4: bool) -> IpAddr {
    if family_is_ipv4 {
        IpAddr::from([169, 254, 1, 1])
    } else {
        IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1))
    }
}

/// What cannot be done where nftables cannot be opened.
pub(crate) const NFTABLES: &str = "open nftables (kernel feature nf_tables)";

/// Opens something inside a namespace: it stays there, wherever it is used.
pub(crate) fn open_in<T: Send, E: std::fmt::Display + Send>(
    namespace: &Namespace,
    action: &str,
    open: impl FnOnce() -> Result<T, E> + Send,
) -> Result<T, LinkError> {
    let opened = namespace.run(|| Ok(open()));
    opened
        .map_err(|error| in_namespace(namespace, action, &error))?
        .map_err(|error| LinkError::new(namespace.name(), action, &error))
}

/// Turns an input/output error of a namespace into the same shape as the others.
pub(crate) fn in_namespace(namespace: &Namespace, action: &str, error: &io::Error) -> LinkError {
    LinkError::new(namespace.name(), action, error)
}
