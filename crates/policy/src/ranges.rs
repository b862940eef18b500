//! Sets of addresses, as `ipBlock`s make them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::intervals::Intervals;

/// A set of addresses of both families.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ranges {
    pub(crate) v4: Intervals<u32>,
    pub(crate) v6: Intervals<u128>,
}

impl Ranges {
    /// All addresses of a network, whose host bits may be set.
    pub(crate) fn of(network: IpNet) -> Self {
        let mut ranges = Self::default();
        match network {
            IpNet::V4(network) => {
                ranges.v4 = Intervals::of(network.network().to_bits(), network.broadcast().to_bits());
            }
            IpNet::V6(network) => {
                ranges.v6 = Intervals::of(network.network().to_bits(), network.broadcast().to_bits());
            }
        }
        ranges
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// Whether no family has more than one range.
    pub(crate) fn is_single(&self) -> bool {
        self.v4.iter().nth(1).is_none() && self.v6.iter().nth(1).is_none()
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => self.v4.contains(address.to_bits()),
            IpAddr::V6(address) => self.v6.contains(address.to_bits()),
        }
    }

    /// The addresses of several sets.
    pub(crate) fn union(sets: &[Self]) -> Self {
        let mut union = Self::default();
        // All at once: one sort, however many blocks a policy has.
        union.v4.add_all(sets.iter().map(|set| &set.v4));
        union.v6.add_all(sets.iter().map(|set| &set.v6));
        union
    }

    pub(crate) fn subtract(&mut self, other: &Self) {
        self.v4.subtract(&other.v4);
        self.v6.subtract(&other.v6);
    }

    /// First and last address of each interval.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (IpAddr, IpAddr)> + '_ {
        let v4 = |bits| IpAddr::V4(Ipv4Addr::from_bits(bits));
        let v6 = |bits| IpAddr::V6(Ipv6Addr::from_bits(bits));
        let all_v4 = self.v4.iter().map(move |(first, last)| (v4(first), v4(last)));
        all_v4.chain(self.v6.iter().map(move |(first, last)| (v6(first), v6(last))))
    }
}

impl fmt::Display for Ranges {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (first, last)) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(formatter, "{comma}{first}-{last}")?;
        }
        Ok(())
    }
}
