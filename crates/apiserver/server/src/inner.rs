//! What all clones of an API server share.

use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;

use tokio_util::sync::CancellationToken;

use crate::allocation::Allocation;
use crate::auth::Authority;
use crate::registry::Published;
use crate::settings::ApiServerSettings;
use crate::store::Store;

/// The parts of a server.
pub(crate) struct Inner {
    pub(crate) settings: ApiServerSettings,
    pub(crate) store: Store,
    pub(crate) kinds: Published,
    pub(crate) authority: Authority,
    pub(crate) allocation: Allocation,
    /// Held while the kinds of CustomResourceDefinitions are published.
    pub(crate) publishing: std::sync::Mutex<()>,
    pub(crate) documents: crate::discovery::Documents,
    /// Where the listener is bound.
    pub(crate) bound: OnceLock<SocketAddr>,
    /// Ends watches at shutdown.
    pub(crate) stop: CancellationToken,
}

impl Inner {
    /// Where the server is reached: the bound address, or the wanted one before it is bound.
    pub(crate) fn address(&self) -> SocketAddr {
        let mut address = *self.bound.get().unwrap_or(&self.settings.listen);
        // It is listened on, but nobody can connect to it.
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => IpAddr::from([127, 0, 0, 1]),
                SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            });
        }
        address
    }

    /// Where the Service `kubernetes` points.
    pub(crate) fn advertised(&self) -> SocketAddr {
        self.settings.advertise.unwrap_or_else(|| self.address())
    }

    /// The cluster IP of the Service `kubernetes`: the first address of the primary range.
    pub(crate) fn service_address(&self) -> Option<IpAddr> {
        self.settings.service_cidrs.first().map(first_address)
    }
}

/// The first address of a range after the network's own, in both families.
pub(crate) fn first_address(range: &ipnet::IpNet) -> IpAddr {
    match range.network() {
        IpAddr::V4(network) => std::net::Ipv4Addr::from(u32::from(network).wrapping_add(1)).into(),
        IpAddr::V6(network) => std::net::Ipv6Addr::from(u128::from(network).wrapping_add(1)).into(),
    }
}
