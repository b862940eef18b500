//! By which addresses the cluster reaches this server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::Path;

use anyhow::Result;
use kinglet_cloud::agent::{Host as _, SystemHost};
use tracing::warn;

use super::listeners::{Addresses, reachable};
use super::settings::{ServerSettings, Source};

/// The addresses that are written into the cluster; nothing for what does not run here, or cannot be reached.
#[derive(Clone, Copy, Debug)]
pub(super) struct Published {
    /// The endpoint of the cluster DNS.
    pub(super) dns: Option<SocketAddr>,
    /// The address of the ingress entry point `web`.
    pub(super) web: Option<IpAddr>,
}

impl Published {
    /// Finds them out: what `--advertise-address` says, or the address that is listened on, or for a wildcard
    /// address the one by which this machine reaches the API server.
    pub(super) async fn of(settings: &ServerSettings, listening: Addresses) -> Result<Self> {
        let listeners = [listening.dns, listening.web];
        let has_wildcard = listeners.iter().flatten().any(|one| one.ip().is_unspecified());
        let told = settings.publish.advertise_address;
        let route = match &settings.source {
            Source::Cluster(kubeconfig) if has_wildcard && told.is_none() => {
                Some(Route::to_api(kubeconfig.as_deref()).await?)
            }
            _ => None,
        };
        let is_v4 = settings.cluster.dns_address().is_ipv4();
        let address = |listener: SocketAddr| match (told, &route) {
            (Some(told), _) => told,
            (None, Some(route)) if listener.ip().is_unspecified() => route.source(is_v4),
            (None, _) => reachable(listener),
        };
        let web = listening.web.map(address);
        // A stand-alone server serves the processes of its machine. In a cluster nobody reaches a loopback address.
        let is_useful = |web: &IpAddr| settings.is_alone() || !web.is_loopback();
        Ok(Self {
            dns: listening
                .dns
                .map(|listener| SocketAddr::new(address(listener), listener.port())),
            web: web.filter(is_useful),
        })
    }
}

/// The API server's addresses.
struct Route(Vec<SocketAddr>);

impl Route {
    async fn to_api(kubeconfig: Option<&Path>) -> Result<Self> {
        let (host, port) = kinglet_kube::server_of(kubeconfig).await?;
        let found = tokio::net::lookup_host((host.as_str(), port)).await;
        // A name that nobody resolves now is no reason not to start: the watches wait for the server, too.
        let found = found.inspect_err(|error| warn!(host, %error, "cannot resolve the API server"));
        Ok(Self(found.map(Iterator::collect).unwrap_or_default()))
    }

    /// The address from which this machine reaches the API server, of the wanted family if there is one.
    fn source(&self, is_v4: bool) -> IpAddr {
        let sources: Vec<IpAddr> = self.0.iter().filter_map(|server| source(*server)).collect();
        let of_family = sources.iter().find(|address| address.is_ipv4() == is_v4);
        let found = of_family.copied();
        // An API server on this machine is reached by loopback: the machine's own address, then.
        found
            .or_else(|| source(anywhere(is_v4)))
            .or_else(|| sources.first().copied())
            .or_else(|| SystemHost.addresses().first().copied())
            .unwrap_or(if is_v4 {
                Ipv4Addr::LOCALHOST.into()
            } else {
                Ipv6Addr::LOCALHOST.into()
            })
    }
}

/// An address for documentation (RFC 5737, RFC 3849): no route leads there but the default one.
fn anywhere(is_v4: bool) -> SocketAddr {
    let address: IpAddr = if is_v4 {
        Ipv4Addr::new(192, 0, 2, 1).into()
    } else {
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into()
    };
    SocketAddr::new(address, 9)
}

/// The address from which a datagram would be sent, if others can reach it.
fn source(destination: SocketAddr) -> Option<IpAddr> {
    let any: IpAddr = if destination.is_ipv4() {
        Ipv4Addr::UNSPECIFIED.into()
    } else {
        Ipv6Addr::UNSPECIFIED.into()
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    // connect(2) on UDP looks the route up and binds the source address, without a packet.
    socket.connect(destination).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_server_on_this_machine_does_not_make_loopback_an_answer() {
        assert_eq!(source("127.0.0.1:6443".parse().unwrap()), None);
        let route = Route(vec!["127.0.0.1:6443".parse().unwrap()]);
        let address = route.source(true);
        // Where there is no other address at all, loopback is what is left.
        let others = SystemHost.addresses();
        assert_eq!(address.is_loopback(), others.is_empty(), "{address} {others:?}");
    }
}
