//! From the state of a Service to the next write.

mod notes;
mod release;
mod step;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kinglet_model::{Object as _, ObjectName, Service};

use self::notes::notes;
pub(crate) use self::step::{Note, Plan, Step};
use crate::allocate::{Allocation, Assignment, allocate};
use crate::daemonset::{self, DaemonSet};
use crate::fitness::lists_nodes;
use crate::names::{ANNOTATION_HASH, FINALIZER, FINALIZER_LEGACY};
use crate::ownership::{Ownership, has_finalizer};
use crate::problem::Problem;
use crate::report::is_serving;
use crate::settings::Settings;
use crate::status::Status;
use crate::view::{Mode, View};
use crate::{ranges, toleration};

/// The DaemonSets of load balancers, by name.
pub(crate) type Sets = BTreeMap<ObjectName, Arc<DaemonSet>>;

/// Plans for all Services in one state of the cluster.
pub(crate) struct Planner<'a> {
    view: &'a View,
    sets: &'a Sets,
    settings: &'a Settings,
    allocation: Allocation,
    ownership: Ownership,
    /// Services of K3s, which has no condition to mark them by.
    unmarked: Option<&'a BTreeSet<ObjectName>>,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(view: &'a View, sets: &'a Sets, settings: &'a Settings) -> Self {
        Self {
            view,
            sets,
            settings,
            allocation: allocate(view),
            ownership: Ownership::of(view),
            unmarked: None,
        }
    }

    /// Serves nothing, so that everything is taken back: from Services that are marked, and from the unmarked
    /// ones that are given.
    pub(crate) fn for_removal(
        view: &'a View,
        sets: &'a Sets,
        settings: &'a Settings,
        unmarked: &'a BTreeSet<ObjectName>,
    ) -> Self {
        Self {
            view,
            sets,
            settings,
            allocation: Allocation::default(),
            ownership: Ownership::of(view),
            unmarked: Some(unmarked),
        }
    }

    /// The next write for a Service; `None` when nothing is to be done.
    pub(crate) fn plan(&self, service: &Service) -> Option<Plan> {
        match self.allocation.services.get(&service.object_name()) {
            Some(assignment) => self.serve(service, assignment),
            None => self.release(service),
        }
    }

    /// DaemonSets whose Services are gone.
    pub(crate) fn orphans(&self) -> impl Iterator<Item = &ObjectName> {
        let orphan = |set: &DaemonSet| {
            let service = set.service();
            service.is_none_or(|service| !self.view.services.contains_key(&service))
        };
        let sets = self.sets.iter();
        sets.filter(move |(_, set)| orphan(set)).map(|(name, _)| name)
    }

    fn serve(&self, service: &Service, assignment: &Assignment) -> Option<Plan> {
        let is_new = !has_finalizer(service, FINALIZER);
        if let Some(step) = finalizers(service, true, is_new) {
            let note = || Note::normal("EnsuringLoadBalancer", "Ensuring load balancer");
            return Some(Plan::new(step, is_new.then(note)));
        }
        let mut problems = problems(service);
        match self.apply(service) {
            Ok(None) => {}
            Ok(plan) => return plan,
            Err(problem) => problems.push(problem),
        }
        problems.dedup();
        let from = Status::present(service);
        let to = Status::wanted(self.view, service, assignment, &problems);
        if from != to {
            let notes = notes(&from, &to, assignment, &problems);
            return Some(Plan::new(Step::Status { from, to }, notes));
        }
        self.delete(service, assignment)
    }

    /// Creates or updates the DaemonSet of a Service, where there should be one.
    fn apply(&self, service: &Service) -> Result<Option<Plan>, Problem> {
        if self.settings.mode == Mode::Native {
            return Ok(None);
        }
        let (namespace, pods) = (&*self.settings.namespace, &self.settings.pods);
        let set = daemonset::wanted(service, namespace, pods, lists_nodes(self.view))?;
        let name = ObjectName::new(namespace, daemonset::name(service));
        let present = self.sets.get(&name);
        let hash = present.and_then(|present| present.metadata.annotation(ANNOTATION_HASH));
        if hash.is_some() && hash == set["metadata"]["annotations"][ANNOTATION_HASH].as_str() {
            return Ok(None);
        }
        let note = Note::normal(
            "AppliedDaemonSet",
            format!("Applied LoadBalancer DaemonSet {name}"),
        );
        let replaces = present.map(|present| present.metadata.resource_version.clone());
        Ok(Some(Plan::new(Step::Apply { set, replaces }, [note])))
    }

    /// Deletes DaemonSets that a served Service does not need: those of an earlier Service of the name, and
    /// in native mode all, once agents serve wherever Pods do.
    fn delete(&self, service: &Service, assignment: &Assignment) -> Option<Plan> {
        let own = ObjectName::new(&*self.settings.namespace, daemonset::name(service));
        let keeps_own = self.settings.mode == Mode::DaemonSet || self.needs_pods(service, assignment);
        let mut sets = self.sets_of(service).filter(|set| !(keeps_own && **set == own));
        sets.next().map(delete)
    }

    /// Whether a node is served by a Pod only.
    fn needs_pods(&self, service: &Service, assignment: &Assignment) -> bool {
        let name = service.object_name();
        let mut pods = self.view.pods_of(&name).filter(|pod| pod.ready);
        pods.any(|pod| {
            let node = self.view.nodes.get(&pod.node_name);
            let nobody_else = node.is_some_and(|node| !is_serving(node));
            nobody_else && assignment.nodes.contains(&pod.node_name)
        })
    }

    fn sets_of(&self, service: &Service) -> impl Iterator<Item = &'a ObjectName> {
        let name = service.object_name();
        let sets = self.sets.iter();
        sets.filter(move |(_, set)| set.service().as_ref() == Some(&name))
            .map(|(name, _)| name)
    }
}

fn delete(set: &ObjectName) -> Plan {
    let text = format!("Deleted LoadBalancer DaemonSet {set}");
    Plan::new(
        Step::Delete(set.clone()),
        [Note::normal("DeletedDaemonSet", text)],
    )
}

/// Keeps, removes or adds the finalizer, and always removes that of old versions of K3s.
fn finalizers(service: &Service, keep: bool, add: bool) -> Option<Step> {
    let present = &service.metadata.finalizers;
    let mut finalizers = present.clone();
    finalizers.retain(|one| &**one != FINALIZER_LEGACY && (keep || &**one != FINALIZER));
    finalizers.extend(add.then(|| FINALIZER.into()));
    (finalizers != *present).then_some(Step::Finalizers(finalizers))
}

/// Values of a Service that cannot be used.
fn problems(service: &Service) -> Vec<Problem> {
    let ranges = ranges::of(service).err();
    let tolerations = toleration::annotated(service).err();
    tolerations.into_iter().chain(ranges).collect()
}

#[cfg(test)]
mod tests;
