//! Plans to objects of the kernel: the elements of a Service in the shared sets, and the chains that they
//! lead to.
//!
//! Endpoints are elements under the address and port that clients mean and a number, so that all ports with
//! equally many endpoints share one chain ([`spread`]). Only ports whose clients keep their endpoint
//! ([`sticky`]) and load balancers that are not for everybody ([`sources`]) have chains of their own. Rules
//! are few because each rule that uses a map makes the kernel look through the map.

mod elements;
mod outside;
mod sources;
mod spread;
mod sticky;

use std::collections::BTreeMap;

use kinglet_model::IpFamily;
use kinglet_nft::{Data, Mapped, Rule, Verdict};

use crate::backend::layer3;
use crate::frame::{REJECT, SetId, SetKind};
use crate::identity::Role;
use crate::plan::{Action, PortPlan, ServicePlan};
use crate::settings::Settings;

/// What a Service puts into the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Objects {
    pub(crate) elements: BTreeMap<(SetId, Data), Option<Mapped>>,
    /// Several Services may have chains of the same name; those are equal.
    pub(crate) chains: BTreeMap<String, Body>,
}

/// What is in a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Body {
    /// Whose it is, if it is one Service's.
    pub(crate) comment: Option<String>,
    pub(crate) rules: Vec<Rule>,
}

/// By what a connection's destination is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// Address and port.
    Vip,
    /// A port of the node.
    NodePort,
}

/// The objects of a Service.
pub(crate) fn objects(plan: &ServicePlan, settings: &Settings) -> Objects {
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

impl Objects {
    /// Where an action leads to. Adds the chains on the way.
    fn lead(&mut self, port: &PortPlan, reach: Reach, action: Action, settings: &Settings) -> Verdict {
        match action {
            Action::Reject => Verdict::goto(REJECT),
            Action::Drop => Verdict::Drop,
            Action::Cluster => Verdict::goto(self.pool(port, reach, Role::Cluster)),
            Action::Local => Verdict::goto(self.pool(port, reach, Role::Local)),
            Action::LocalFromOutside => Verdict::goto(self.outside(port, reach, settings)),
        }
    }

    /// The chain that translates to an endpoint of a pool.
    fn pool(&mut self, port: &PortPlan, reach: Reach, role: Role) -> String {
        match port.affinity {
            None => self.spread(port, reach, role),
            Some(timeout) => self.sticky(port, role, timeout),
        }
    }

    /// Adds an element; one that is there already stays.
    fn add(&mut self, family: IpFamily, kind: SetKind, key: impl Into<Data>, mapped: Option<Mapped>) {
        let set = kind.of(layer3(family));
        self.elements.entry((set, key.into())).or_insert(mapped);
    }
}
