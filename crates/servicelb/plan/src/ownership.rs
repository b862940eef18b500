//! What of a Service is ours, and what belongs to other controllers of load balancers.
//!
//! A Service is ours if its type is `LoadBalancer` and it names no class, unless its status has addresses
//! that another controller put there. MetalLB and others also take Services without a class; two controllers
//! of one status would overwrite each other for ever, so the Service is left to the other one.

use std::net::IpAddr;

use kinglet_model::{LoadBalancerIngress, Object as _, Service};

use crate::marks::{is_marked, is_wanted};
use crate::view::View;

/// Whether an entry of a Service's status is ours: it has a node's address; or ports, which we write, beside
/// our condition. The latter holds for addresses that nodes do not have any more, too.
pub(crate) fn is_ours(view: &View, service: &Service, entry: &LoadBalancerIngress) -> bool {
    let address: Option<IpAddr> = entry.ip.as_deref().and_then(|ip| ip.parse().ok());
    address.is_some_and(|address| view.has_address(address))
        || (is_marked(service) && !entry.ports.is_empty())
}

/// The first address in a Service's status that another controller put there. Where a DaemonSet of K3s serves
/// the Service, all are taken over, whatever has become of the nodes since.
pub(crate) fn foreign<'a>(view: &View, service: &'a Service) -> Option<&'a LoadBalancerIngress> {
    let mut entries = service.load_balancer.iter();
    let foreign = entries.find(|entry| !is_ours(view, service, entry))?;
    // Not marked: once we have written the status, what is foreign in it was put there after us.
    let taken_over = !is_marked(service) && view.pods_of(&service.object_name()).next().is_some();
    (!taken_over).then_some(foreign)
}

/// Whether we serve a Service.
pub(crate) fn is_served(view: &View, service: &Service) -> bool {
    is_wanted(service) && foreign(view, service).is_none()
}
