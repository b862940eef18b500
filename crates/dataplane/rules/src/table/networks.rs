//! Networks in rules.

use ipnet::IpNet;
use kinglet_nft::{Element, Header, L3, Rule};

/// The networks of one family, none of which overlap.
pub(crate) fn of_family(networks: &[IpNet], family: L3) -> Vec<IpNet> {
    let is_v4 = family == L3::Ipv4;
    let fitting = networks
        .iter()
        .filter(|network| network.addr().is_ipv4() == is_v4);
    let fitting: Vec<_> = fitting.map(IpNet::trunc).collect();
    // The kernel refuses sets whose intervals overlap.
    IpNet::aggregate(&fitting)
}

/// Tests of addresses against networks, of which there is at least one and none overlap. One alone takes no
/// set.
pub(crate) trait Networks {
    /// The address is in any of the networks.
    fn in_any(self, address: Header, networks: Vec<IpNet>) -> Self;
    /// The address is in none of the networks.
    fn in_none(self, address: Header, networks: Vec<IpNet>) -> Self;
}

impl Networks for Rule {
    fn in_any(self, address: Header, networks: Vec<IpNet>) -> Self {
        match networks.as_slice() {
            [network] => self.within(address, *network),
            _ => self.one_of(address, networks.into_iter().map(Element::prefix)),
        }
    }

    fn in_none(self, address: Header, networks: Vec<IpNet>) -> Self {
        match networks.as_slice() {
            [network] => self.not_within(address, *network),
            _ => self.none_of(address, networks.into_iter().map(Element::prefix)),
        }
    }
}
