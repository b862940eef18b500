//! The address families that rules are written for.

use std::net::IpAddr;

use kinglet_nft::L3;

use super::names::FAMILIES;
use crate::rules::Rules;
use crate::settings::PolicySettings;

/// The address families that pods have or may have. Each rule costs time for every packet that reaches it, so
/// that profiles have none for a family in which no pod of the cluster is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Families {
    v4: bool,
    v6: bool,
}

impl Families {
    /// The families of the networks of pods, and of the pods that exist.
    pub(crate) fn of(rules: &Rules, settings: &PolicySettings) -> Self {
        let networks = settings.cluster_cidrs.iter().map(|network| network.network());
        // IPv4 addresses sort before IPv6 addresses: the first and the last one show both families.
        let pods = rules.known.first().into_iter().chain(rules.known.last());
        networks.chain(pods.copied()).collect()
    }

    pub(super) fn contains(self, family: L3) -> bool {
        match family {
            L3::Ipv4 => self.v4,
            L3::Ipv6 => self.v6,
        }
    }

    pub(super) fn iter(self) -> impl Iterator<Item = L3> {
        FAMILIES.into_iter().filter(move |family| self.contains(*family))
    }
}

impl FromIterator<IpAddr> for Families {
    fn from_iter<T: IntoIterator<Item = IpAddr>>(addresses: T) -> Self {
        let mut families = Self::default();
        for address in addresses {
            match L3::of(address) {
                L3::Ipv4 => families.v4 = true,
                L3::Ipv6 => families.v6 = true,
            }
        }
        families
    }
}
