//! Name and addresses of a host.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;

/// Name and addresses of a host, as its operating system has them.
pub trait Host: Send + Sync + 'static {
    /// Its name; may be empty.
    fn name(&self) -> String;

    /// Addresses by which others reach it, the best first: the ones that a node has when none are set.
    fn addresses(&self) -> Vec<IpAddr>;
}

/// The host that this process runs on, in the process' network namespace.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemHost;

impl Host for SystemHost {
    fn name(&self) -> String {
        let name = nix::unistd::gethostname().unwrap_or_default();
        name.to_string_lossy().trim().to_owned()
    }

    /// One address, as K3s chooses it: the source of what goes by the default route, IPv4 before IPv6;
    /// without such a route, the first of an interface that is up.
    fn addresses(&self) -> Vec<IpAddr> {
        // Documentation addresses (RFC 5737, RFC 3849) are in no route but the default one. Nothing is sent.
        let v4 = || source(Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into());
        let v6 = || {
            source(
                Ipv6Addr::UNSPECIFIED.into(),
                Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
            )
        };
        v4().or_else(v6)
            .or_else(first_of_interfaces)
            .into_iter()
            .collect()
    }
}

/// The address from which a datagram to `destination` would be sent.
fn source(any: IpAddr, destination: IpAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind((any, 0)).ok()?;
    // connect(2) on UDP looks the route up and binds the source address, without a packet.
    socket.connect((destination, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(is_usable)
}

fn first_of_interfaces() -> Option<IpAddr> {
    let all: Vec<IpAddr> = getifaddrs()
        .ok()?
        .filter(|interface| interface.flags.contains(InterfaceFlags::IFF_UP))
        .filter_map(|interface| {
            let address = interface.address?;
            let v4 = address.as_sockaddr_in().map(|one| IpAddr::from(one.ip()));
            v4.or_else(|| address.as_sockaddr_in6().map(|one| IpAddr::from(one.ip())))
        })
        .filter(is_usable)
        .collect();
    all.iter().find(|ip| ip.is_ipv4()).or(all.first()).copied()
}

/// Whether other hosts can reach an address.
fn is_usable(ip: &IpAddr) -> bool {
    let is_link_local = match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    !ip.is_loopback() && !ip.is_unspecified() && !ip.is_multicast() && !is_link_local
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_cannot_reach_every_address() {
        let table = [
            ("10.0.0.1", true),
            ("2001:db8::1", true),
            ("fd00::1", true),
            ("127.0.0.1", false),
            ("169.254.3.4", false),
            ("0.0.0.0", false),
            ("224.0.0.1", false),
            ("::1", false),
            ("fe80::1", false),
        ];
        for (text, expected) in table {
            assert_eq!(is_usable(&text.parse().unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn this_host_says_only_what_can_be_used() {
        let host = SystemHost;
        assert!(host.addresses().iter().all(is_usable));
        assert!(host.addresses().len() <= 1);
        assert!(!host.name().is_empty());
    }
}
