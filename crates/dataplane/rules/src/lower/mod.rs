//! Plans to objects of the kernel: the elements of a Service in the shared sets, and the chains that they
//! lead to.
//!
//! Endpoints are elements whose key is a frontend's address and port and a number, so that all ports with
//! equally many endpoints share one chain ([`balance`]). Only ports with session affinity ([`affinity`]) and
//! load balancers with source ranges ([`source_ranges`]) have chains of their own. Rules are few because the
//! kernel binds each rule to the map that it uses, and checks the whole map for each binding.

mod affinity;
mod balance;
mod elements;
mod external_local;
mod lookup;
mod objects;
mod pool;
mod source_ranges;
mod verdict;

pub(crate) use objects::{Body, Objects};

use crate::plan::ServicePlan;
use crate::settings::DataplaneSettings;

/// The objects of a Service.
pub(crate) fn lower(plan: &ServicePlan, settings: &DataplaneSettings) -> Objects {
    let mut objects = Objects::default();
    for address in &plan.cluster_ips {
        objects.cluster_ip(*address);
    }
    for port in &plan.ports {
        for frontend in &port.frontends {
            objects.frontend(port, *frontend, settings);
        }
        if !port.frontends.is_empty() {
            objects.addresses(port);
        }
    }
    objects
}
