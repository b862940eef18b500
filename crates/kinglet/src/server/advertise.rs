//! By which addresses the cluster reaches this server.

use std::iter;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::Path;

use anyhow::Result;
use kinglet_cloud::agent::{Host as _, SystemHost};
use tracing::warn;

use super::listeners::{Addresses, reachable};
use super::settings::{ServerSettings, Source};

/// The addresses that are written into the cluster, one per IP family; none for what does not run here, or
/// cannot be reached.
#[derive(Clone, Debug)]
pub(super) struct Published {
    /// The endpoints of the cluster DNS.
    pub(super) dns: Vec<SocketAddr>,
    /// The addresses of the ingress entry point `web`.
    pub(super) web: Vec<IpAddr>,
}

impl Published {
    /// Finds them out: what `--advertise-address` says, or the address that is listened on, or for a wildcard
    /// address those by which this machine reaches the API server.
    pub(super) async fn of(settings: &ServerSettings, listening: Addresses) -> Result<Self> {
        let listeners = [listening.dns, listening.web];
        let has_wildcard = listeners.iter().flatten().any(|one| one.ip().is_unspecified());
        let told = &*settings.publish.advertise_address;
        let route = match &settings.source {
            Source::Cluster(kubeconfig) if has_wildcard && told.is_empty() => {
                Some(Route::to_api(kubeconfig.as_deref()).await?)
            }
            _ => None,
        };
        let is_v4 = settings.cluster.dns_address().is_ipv4();
        let addresses = |listener: SocketAddr| match &route {
            _ if !told.is_empty() => heard_at(told, listener),
            Some(route) if listener.ip().is_unspecified() => route.sources(listener, is_v4),
            _ => vec![reachable(listener)],
        };
        let web = listening.web.into_iter().flat_map(addresses);
        // A stand-alone server serves the processes of its machine. In a cluster nobody reaches a loopback
        // address.
        let is_useful = |web: &IpAddr| settings.is_alone() || !web.is_loopback();
        let endpoints = |listener: SocketAddr| {
            let own = addresses(listener).into_iter();
            own.map(move |address| SocketAddr::new(address, listener.port()))
        };
        Ok(Self {
            dns: listening.dns.into_iter().flat_map(endpoints).collect(),
            web: web.filter(is_useful).collect(),
        })
    }
}

/// Those of the addresses that a listener hears, or all if it is none: packets may be translated on their
/// way.
fn heard_at(told: &[IpAddr], listener: SocketAddr) -> Vec<IpAddr> {
    // A socket at `::` hears both families (IPV6_V6ONLY is off).
    let hears_all = listener.is_ipv6() && listener.ip().is_unspecified();
    let hears = |ip: &&IpAddr| hears_all || ip.is_ipv4() == listener.is_ipv4();
    let heard: Vec<IpAddr> = told.iter().filter(hears).copied().collect();
    if heard.is_empty() { told.to_vec() } else { heard }
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

    /// The addresses of this machine for a listener at a wildcard address: one of the cluster's family, and
    /// one of the other, if the listener hears it and the machine has one.
    fn sources(&self, listener: SocketAddr, is_v4: bool) -> Vec<IpAddr> {
        if listener.is_ipv4() {
            return vec![self.source(true)];
        }
        let first = self.source(is_v4);
        let other = self.of_family(!first.is_ipv4());
        iter::once(first).chain(other).collect()
    }

    /// The address from which this machine reaches the API server, or others, in a family.
    fn of_family(&self, is_v4: bool) -> Option<IpAddr> {
        let mut sources = self.0.iter().filter_map(|server| source(*server));
        let found = sources.find(|address| address.is_ipv4() == is_v4);
        // An API server on this machine is reached by loopback: the machine's own address, then.
        found.or_else(|| source(anywhere(is_v4)))
    }

    /// The address from which this machine reaches the API server, of the wanted family if there is one.
    fn source(&self, is_v4: bool) -> IpAddr {
        let sources: Vec<IpAddr> = self.0.iter().filter_map(|server| source(*server)).collect();
        self.of_family(is_v4)
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
    fn a_listener_is_told_by_addresses_of_its_family() {
        let told: [IpAddr; 2] = ["10.0.0.1", "fd00::1"].map(|ip| ip.parse().unwrap());
        for (listener, heard) in [
            ("0.0.0.0:53", &told[..1]),
            ("10.0.0.9:53", &told[..1]),
            ("[fd00::9]:53", &told[1..]),
            ("[::]:53", &told[..]),
        ] {
            assert_eq!(heard_at(&told, listener.parse().unwrap()), heard, "{listener}");
        }
        let only = heard_at(&told[1..], "0.0.0.0:53".parse().unwrap());
        assert_eq!(only, told[1..], "its owner knows better");
    }

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
