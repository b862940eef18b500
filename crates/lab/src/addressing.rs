//! Which address goes where: a pure function of the settings and a number.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

/// An IP family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Family {
    /// IPv4.
    #[serde(rename = "ipv4")]
    V4,
    /// IPv6.
    #[serde(rename = "ipv6")]
    V6,
}

const fn v4(a: u8, b: u8, c: u8, length: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, 0), length))
}

const fn v6(a: u16, b: u16, c: u16, length: u8) -> IpNet {
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), length))
}

impl Family {
    /// `ipv4` or `ipv6`, as on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::V4 => "ipv4",
            Self::V6 => "ipv6",
        }
    }

    /// The family of an address.
    pub fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    /// Whether an address is of this family.
    pub fn is_of(self, address: IpAddr) -> bool {
        Self::of(address) == self
    }

    pub(crate) fn of_range(range: &IpNet) -> Self {
        Self::of(range.addr())
    }

    /// Default range of pod addresses.
    pub fn cluster_cidr(self) -> IpNet {
        match self {
            Self::V4 => v4(10, 42, 0, 16),
            Self::V6 => v6(0xfd00, 0x42, 0, 56),
        }
    }

    /// Default range of Service addresses.
    pub fn service_cidr(self) -> IpNet {
        match self {
            Self::V4 => v4(10, 43, 0, 16),
            Self::V6 => v6(0xfd00, 0x43, 0, 112),
        }
    }

    /// The network that the nodes' uplinks share. IPv4 comes from the range for tests of networks (RFC 2544),
    /// which neither homes nor container engines use.
    pub(crate) fn node_network(self) -> IpNet {
        match self {
            Self::V4 => v4(198, 18, 0, 24),
            Self::V6 => v6(0xfd00, 0x30, 0, 64),
        }
    }

    /// The network of the outside client.
    pub(crate) fn client_network(self) -> IpNet {
        match self {
            Self::V4 => v4(198, 18, 1, 24),
            Self::V6 => v6(0xfd00, 0x31, 0, 64),
        }
    }

    /// Addresses that are translated 1:1 to nodes: ranges for documentation (RFC 5737, RFC 3849), that no
    /// real host has.
    pub(crate) fn external_network(self) -> IpNet {
        match self {
            Self::V4 => v4(198, 51, 100, 24),
            Self::V6 => v6(0x2001, 0xdb8, 0, 64),
        }
    }

    /// The fixed ranges with their names.
    pub(crate) fn lab_ranges(self) -> [(&'static str, IpNet); 3] {
        [
            ("the nodes' network", self.node_network()),
            ("the client's network", self.client_network()),
            ("the external addresses", self.external_network()),
        ]
    }

    /// Prefix length of a node's pod range.
    pub(crate) fn node_prefix(self) -> u8 {
        match self {
            Self::V4 => 24,
            Self::V6 => 64,
        }
    }

    /// The range of all addresses: that of a default route.
    pub(crate) fn everything(self) -> IpNet {
        match self {
            Self::V4 => IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 0)),
            Self::V6 => IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 0)),
        }
    }
}

/// The router of the outside network, first address of the nodes' network: default gateway of the nodes, and
/// where they reach the API.
pub(crate) fn router(family: Family) -> IpNet {
    host(family.node_network(), 1)
}

/// The router as the client sees it.
pub(crate) fn client_gateway(family: Family) -> IpNet {
    host(family.client_network(), 1)
}

/// The client.
pub(crate) fn client(family: Family) -> IpNet {
    host(family.client_network(), 2)
}

/// A node's InternalIP; nodes count from 1.
pub(crate) fn node(family: Family, number: u16) -> IpNet {
    host(family.node_network(), 10 + u128::from(number))
}

/// A node's ExternalIP.
pub(crate) fn external(family: Family, number: u16) -> IpNet {
    host(family.external_network(), 10 + u128::from(number))
}

/// A node's part of the pod range.
pub(crate) fn pod_cidr(cluster: IpNet, number: u16) -> IpNet {
    let prefix = Family::of_range(&cluster).node_prefix();
    match cluster {
        IpNet::V4(range) => {
            let address = u32::from(range.network()) + (u32::from(number) << (32 - prefix));
            Ipv4Net::new(address.into(), prefix).map_or(cluster, IpNet::V4)
        }
        IpNet::V6(range) => {
            let address = u128::from(range.network()) + (u128::from(number) << (128 - prefix));
            Ipv6Net::new(address.into(), prefix).map_or(cluster, IpNet::V6)
        }
    }
}

/// The address of that number in a network, with the network's prefix length.
pub(crate) fn host(network: IpNet, number: u128) -> IpNet {
    let address: IpAddr = match network.network() {
        IpAddr::V4(base) => {
            let number = u32::try_from(number).unwrap_or_default();
            Ipv4Addr::from(u32::from(base).wrapping_add(number)).into()
        }
        IpAddr::V6(base) => Ipv6Addr::from(u128::from(base).wrapping_add(number)).into(),
    };
    with_prefix(address, network.prefix_len())
}

/// An address with the prefix length of its network.
pub(crate) fn with_prefix(address: IpAddr, length: u8) -> IpNet {
    IpNet::new(address, length).unwrap_or_else(|_| address.into())
}

/// Gives out addresses of a range in turn, so that a freed one is used again as late as possible and never
/// while somebody has it.
#[derive(Debug)]
pub(crate) struct Pool {
    range: IpNet,
    next: u128,
    used: std::collections::BTreeSet<u128>,
}

/// The first number that a pod may have; 1 is the node's own.
const FIRST: u128 = 2;

impl Pool {
    pub(crate) fn new(range: IpNet) -> Self {
        Self {
            range,
            next: FIRST,
            used: std::collections::BTreeSet::new(),
        }
    }

    /// The node's own address in the range.
    pub(crate) fn gateway(&self) -> IpNet {
        host(self.range, 1)
    }

    /// An address that nobody has; `None` when all are used.
    pub(crate) fn take(&mut self) -> Option<IpAddr> {
        let end = self.end();
        let free = (self.next..end)
            .chain(FIRST..self.next)
            .find(|number| !self.used.contains(number))?;
        self.used.insert(free);
        self.next = if free + 1 == end { FIRST } else { free + 1 };
        Some(host(self.range, free).addr())
    }

    /// Gives an address back.
    pub(crate) fn give_back(&mut self, address: IpAddr) {
        let number = match (address, self.range.network()) {
            (IpAddr::V4(address), IpAddr::V4(base)) => u128::from(u32::from(address) - u32::from(base)),
            (IpAddr::V6(address), IpAddr::V6(base)) => u128::from(address) - u128::from(base),
            _ => return,
        };
        self.used.remove(&number);
    }

    /// One past the last number: the last IPv4 address is the broadcast address.
    fn end(&self) -> u128 {
        let bits = self.range.max_prefix_len() - self.range.prefix_len();
        (1_u128 << bits.min(64)) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_has_a_range_of_its_own() {
        let table = [
            (Family::V4, 1, "10.42.1.0/24", "198.18.0.11/24"),
            (Family::V4, 200, "10.42.200.0/24", "198.18.0.210/24"),
            (Family::V6, 3, "fd00:42:0:3::/64", "fd00:30::d/64"),
        ];
        for (family, number, range, address) in table {
            assert_eq!(pod_cidr(family.cluster_cidr(), number).to_string(), range);
            assert_eq!(node(family, number).to_string(), address);
        }
    }

    #[test]
    fn addresses_are_reused_late_and_never_twice() {
        let mut pool = Pool::new("10.42.1.0/28".parse().unwrap());
        let all: Vec<IpAddr> = std::iter::from_fn(|| pool.take()).collect();
        assert_eq!(all.len(), 13);
        assert_eq!(all[0], IpAddr::from([10, 42, 1, 2]));
        assert_eq!(all[12], IpAddr::from([10, 42, 1, 14]));
        pool.give_back(all[3]);
        pool.give_back(all[1]);
        assert_eq!(pool.take(), Some(all[1]));
        assert_eq!(pool.take(), Some(all[3]));
        assert_eq!(pool.take(), None);

        let mut pool = Pool::new("fd00:42:0:1::/64".parse().unwrap());
        let first = pool.take().unwrap();
        pool.give_back(first);
        assert_ne!(pool.take(), Some(first));
    }
}
