//! The state of a cluster that all plans are made from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kinglet_model::{Object as _, ObjectName, Service};

use crate::allocation::{Allocation, Assignment};
use crate::daemonset::DaemonSet;
use crate::settings::ServiceLbSettings;
use crate::view::View;

/// The DaemonSets of load balancers, by name.
pub type DaemonSets = BTreeMap<ObjectName, Arc<DaemonSet>>;

/// One state of a cluster, and what was computed from it for all Services at once.
pub(super) struct Cluster<'a> {
    pub(super) view: &'a View,
    pub(super) sets: &'a DaemonSets,
    pub(super) settings: &'a ServiceLbSettings,
    /// None where everything is released.
    pub(super) allocation: Option<&'a Allocation>,
    /// Services that K3s served: they are released although they do not have our condition.
    pub(super) unmarked: Option<&'a BTreeSet<ObjectName>>,
}

impl<'a> Cluster<'a> {
    /// The nodes of a Service that we serve.
    pub(super) fn assignment(&self, service: &ObjectName) -> Option<&'a Assignment> {
        self.allocation?.services.get(service)
    }

    /// The DaemonSets of a Service.
    pub(super) fn sets_of(&self, service: &Service) -> impl Iterator<Item = &'a ObjectName> {
        let name = service.object_name();
        let sets = self.sets.iter();
        sets.filter(move |(_, set)| set.service().as_ref() == Some(&name))
            .map(|(name, _)| name)
    }
}
