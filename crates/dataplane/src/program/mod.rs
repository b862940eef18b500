//! Plans to objects of the kernel: the elements of a Service in the shared sets, and its chains.

mod balance;
mod chains;
mod elements;

use std::collections::BTreeMap;

use kinglet_nft::{Data, Mapped, Rule};

use crate::frame::SetId;
use crate::plan::ServicePlan;
use crate::settings::Settings;

/// What a Service puts into the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Objects {
    pub(crate) elements: BTreeMap<(SetId, Data), Option<Mapped>>,
    pub(crate) chains: BTreeMap<String, Body>,
}

/// What is in a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Body {
    pub(crate) comment: String,
    pub(crate) rules: Vec<Rule>,
}

/// The objects of a Service.
pub(crate) fn objects(plan: &ServicePlan, settings: &Settings) -> Objects {
    let mut objects = Objects::default();
    for address in &plan.cluster_ips {
        objects.cluster_ip(*address);
    }
    for port in plan.ports.iter().filter(|port| !port.frontends.is_empty()) {
        objects.port_elements(port);
        objects.port_chains(port, settings);
    }
    objects
}
