//! Which addresses a pod may have whose address is not known.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::ranges::Ranges;

/// The addresses that a pod without an address may get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodNetworks(Ranges);

/// Blocks of which no host can have an address: of this network, loopback, multicast and what is reserved
/// (RFC 6890).
const NO_HOSTS: [(Ipv4Addr, u8); 3] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];
/// Blocks of global and of local unicast addresses (RFC 4291, RFC 4193).
const UNICAST: [(Ipv6Addr, u8); 2] = [
    (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7),
];
/// How many addresses of an interval are looked at for those that nobody has.
const ATTEMPTS: usize = 1000;

impl PodNetworks {
    /// The addresses of these networks.
    pub fn of(networks: &[IpNet]) -> Self {
        let networks: Vec<_> = networks.iter().copied().map(Ranges::of).collect();
        Self(Ranges::union(&networks))
    }

    /// Two addresses of each interval that blocks of rules do not tell apart, or one where there are no more:
    /// two pods cannot have the same. Those that are taken are left out: the pod cannot get them.
    pub(super) fn representatives(
        &self,
        blocks: &[&Ranges],
        is_taken: impl Fn(IpAddr) -> bool,
    ) -> Vec<IpAddr> {
        let edges = edges(blocks);
        let parts = self.0.iter().flat_map(|(first, last)| split(first, last, &edges));
        parts
            .flat_map(|(first, last)| free(first, last, &is_taken))
            .collect()
    }
}

/// Every address that a host can have.
impl Default for PodNetworks {
    fn default() -> Self {
        let unicast = UNICAST
            .into_iter()
            .filter_map(|(address, length)| Ipv6Net::new(address, length).ok());
        let all = unicast.map(IpNet::V6).chain([IpNet::V4(Ipv4Net::default())]);
        let Self(mut ranges) = Self::of(&all.collect::<Vec<_>>());
        for (address, length) in NO_HOSTS {
            if let Ok(network) = Ipv4Net::new(address, length) {
                ranges.subtract(&Ranges::of(network.into()));
            }
        }
        Self(ranges)
    }
}

/// The addresses at which a block begins or has ended.
fn edges(blocks: &[&Ranges]) -> BTreeSet<IpAddr> {
    let intervals = blocks.iter().flat_map(|ranges| ranges.iter());
    intervals
        .flat_map(|(first, last)| [Some(first), after(last)])
        .flatten()
        .collect()
}

/// The parts of an interval, which begin at its first address and at each edge within it.
fn split(first: IpAddr, last: IpAddr, edges: &BTreeSet<IpAddr>) -> Vec<(IpAddr, IpAddr)> {
    let mut starts = vec![first];
    starts.extend(edges.range(first..=last).filter(|edge| **edge != first));
    let ends = starts
        .iter()
        .skip(1)
        .filter_map(|start| before(*start))
        .chain([last]);
    starts.iter().copied().zip(ends).collect()
}

/// Two addresses of an interval that are not taken. The first address of the interval is the last choice:
/// that of a network is of no host.
fn free(first: IpAddr, last: IpAddr, is_taken: impl Fn(IpAddr) -> bool) -> Vec<IpAddr> {
    let following = std::iter::successors(after(first), |one| after(*one)).take_while(|one| *one <= last);
    let all = following.take(ATTEMPTS).chain([first]);
    all.filter(|one| !is_taken(*one)).take(2).collect()
}

fn after(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(one) => one
            .to_bits()
            .checked_add(1)
            .map(|bits| Ipv4Addr::from_bits(bits).into()),
        IpAddr::V6(one) => one
            .to_bits()
            .checked_add(1)
            .map(|bits| Ipv6Addr::from_bits(bits).into()),
    }
}

fn before(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(one) => one
            .to_bits()
            .checked_sub(1)
            .map(|bits| Ipv4Addr::from_bits(bits).into()),
        IpAddr::V6(one) => one
            .to_bits()
            .checked_sub(1)
            .map(|bits| Ipv6Addr::from_bits(bits).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(text: &str) -> Ranges {
        Ranges::of(text.parse().unwrap())
    }

    fn told(networks: &PodNetworks, blocks: &[&str], taken: &[&str]) -> Vec<String> {
        let blocks: Vec<_> = blocks.iter().map(|block| ranges(block)).collect();
        let blocks: Vec<_> = blocks.iter().collect();
        let found = networks.representatives(&blocks, |one| taken.contains(&one.to_string().as_str()));
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn two_addresses_of_each_part() {
        let networks = PodNetworks::of(&["10.42.0.0/16".parse().unwrap()]);
        let first = ["10.42.0.1", "10.42.0.2"];
        assert_eq!(told(&networks, &[], &[]), first);
        assert_eq!(told(&networks, &["10.0.0.0/8", "192.0.2.0/24"], &[]), first);
        assert_eq!(
            told(&networks, &["10.42.1.0/24"], &["10.42.1.1", "10.42.1.2"]),
            [
                first[0],
                first[1],
                "10.42.1.3",
                "10.42.1.4",
                "10.42.2.1",
                "10.42.2.2"
            ]
        );
        let after = ["10.42.0.9", "10.42.0.10"];
        let part = "10.42.0.7";
        let all = [first[0], first[1], part, after[0], after[1]];
        assert_eq!(told(&networks, &["10.42.0.7/32"], &[]), all);
        // Nobody else can get an address that is taken.
        let others = [first[0], first[1], after[0], after[1]];
        assert_eq!(told(&networks, &["10.42.0.7/32"], &[part]), others);
    }

    #[test]
    fn unicast_addresses_of_both_families() {
        let all = PodNetworks::default();
        let found = told(&all, &["0.0.0.0/0", "10.0.0.0/8", "::/0"], &[]);
        let of_parts: Vec<_> = found.iter().step_by(2).collect();
        assert_eq!(
            of_parts,
            [
                "1.0.0.1",
                "10.0.0.1",
                "11.0.0.1",
                "128.0.0.1",
                "2000::1",
                "fc00::1"
            ]
        );
    }
}
