//! From the state of a Service to the next write.

mod cluster;
mod lost;
mod notes;
mod release;
mod serve;
mod step;

use std::collections::BTreeSet;

use kinglet_model::{Object as _, ObjectName, Service};

use self::cluster::Cluster;
pub use self::cluster::DaemonSets;
pub use self::step::{EventType, Note, ServicePlan, Step};
use crate::allocation::Allocation;
use crate::daemonset::DaemonSet;
use crate::settings::ServiceLbSettings;
use crate::view::View;

/// Makes plans for all Services in one state of the cluster.
pub struct Planner<'a>(Cluster<'a>);

impl<'a> Planner<'a> {
    /// Plans that serve every Service of ours, and release the others. The allocation is that of the view.
    pub fn new(
        view: &'a View,
        allocation: &'a Allocation,
        sets: &'a DaemonSets,
        settings: &'a ServiceLbSettings,
    ) -> Self {
        Self(Cluster {
            view,
            sets,
            settings,
            allocation: Some(allocation),
            unmarked: None,
        })
    }

    /// Plans that release every Service that has our condition, and those in `unmarked`.
    pub fn for_removal(
        view: &'a View,
        sets: &'a DaemonSets,
        settings: &'a ServiceLbSettings,
        unmarked: &'a BTreeSet<ObjectName>,
    ) -> Self {
        Self(Cluster {
            view,
            sets,
            settings,
            allocation: None,
            unmarked: Some(unmarked),
        })
    }

    /// The next write for a Service; `None` when nothing is to be done.
    pub fn plan(&self, service: &Service) -> Option<ServicePlan> {
        match self.0.assignment(&service.object_name()) {
            Some(assignment) => self.0.serve(service, assignment),
            None => self.0.release(service),
        }
    }

    /// DaemonSets whose Services are gone.
    pub fn orphans(&self) -> impl Iterator<Item = &ObjectName> {
        let orphan = |set: &DaemonSet| {
            let service = set.service();
            service.is_none_or(|service| !self.0.view.services().contains_key(&service))
        };
        let sets = self.0.sets.iter();
        sets.filter(move |(_, set)| orphan(set)).map(|(name, _)| name)
    }
}

#[cfg(test)]
mod tests;
