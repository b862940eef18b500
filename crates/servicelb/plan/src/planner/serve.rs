//! The writes for a Service that we serve.

use kinglet_model::{Object as _, ObjectName, Service};

use super::cluster::Cluster;
use super::notes::notes;
use super::step::{Note, OwnFinalizer, ServicePlan, Step};
use crate::allocation::{Assignment, Kernel};
use crate::daemonset;
use crate::marks::has_finalizer;
use crate::names::{ANNOTATION_HASH, FINALIZER};
use crate::problem::Problem;
use crate::settings::Mode;
use crate::status::Status;
use crate::{ranges, toleration};

impl Cluster<'_> {
    /// The next write: the finalizer first, so that nothing is left behind if the Service is deleted while it
    /// is served; then the DaemonSet, the status, and at last DaemonSets that are no longer needed.
    pub(super) fn serve(&self, service: &Service, assignment: &Assignment) -> Option<ServicePlan> {
        let is_new = !has_finalizer(service, FINALIZER);
        let own = if is_new {
            OwnFinalizer::Add
        } else {
            OwnFinalizer::Keep
        };
        // One write at a time: each is planned from what the one before has made of the Service.
        if let Some(step) = Step::finalizers(service, own) {
            let note = || Note::normal("EnsuringLoadBalancer", "Ensuring load balancer");
            return Some(ServicePlan::new(step, is_new.then(note)));
        }
        let mut problems = problems(service);
        match self.apply(service) {
            Ok(None) => {}
            Ok(plan) => return plan,
            Err(problem) => problems.push(problem),
        }
        // A template with a bad value reports the same problem once more.
        problems.dedup();
        let from = Status::present(service);
        let to = Status {
            ports: self.lost(service),
            ..Status::wanted(self.view, service, assignment, &problems)
        };
        if from != to {
            let notes = notes(&from, &to, assignment, &problems);
            let can_wait = from.is_within(&to) && assignment.pending().next().is_some();
            let plan = ServicePlan::new(Step::status(from, to), notes);
            return Some(ServicePlan { can_wait, ..plan });
        }
        self.delete_unneeded(service, assignment)
    }

    /// Creates or updates the DaemonSet of a Service in mode [`Mode::DaemonSet`].
    fn apply(&self, service: &Service) -> Result<Option<ServicePlan>, Problem> {
        if self.settings.mode == Mode::Native {
            return Ok(None);
        }
        let (namespace, pods) = (&*self.settings.namespace, &self.settings.pods);
        let set = daemonset::wanted(service, namespace, pods, self.view.is_listing())?;
        let name = ObjectName::new(namespace, daemonset::name(service));
        let present = self.sets.get(&name);
        // The API server adds defaults, so the objects themselves never compare equal; the hash does.
        let hash = present.and_then(|present| present.metadata.annotation(ANNOTATION_HASH));
        if hash.is_some() && hash == set["metadata"]["annotations"][ANNOTATION_HASH].as_str() {
            return Ok(None);
        }
        let note = Note::normal(
            "AppliedDaemonSet",
            format!("Applied LoadBalancer DaemonSet {name}"),
        );
        // Replaced and not patched: fields that K3s set and we do not must go.
        let replaces = present.map(|present| present.metadata.resource_version.clone());
        Ok(Some(ServicePlan::new(Step::Apply { set, replaces }, [note])))
    }

    /// Deletes DaemonSets that a served Service does not need: those of an earlier Service of the same name,
    /// and in mode [`Mode::Native`] all, once the kernels of nodes serve wherever Pods do.
    fn delete_unneeded(&self, service: &Service, assignment: &Assignment) -> Option<ServicePlan> {
        let own = ObjectName::new(&*self.settings.namespace, daemonset::name(service));
        let keeps_own = self.settings.mode == Mode::DaemonSet || self.needs_pods(service, assignment);
        let mut sets = self.sets_of(service).filter(|set| !(keeps_own && **set == own));
        sets.next().map(ServicePlan::delete)
    }

    /// Whether only a Pod serves the Service on some node. Deleting the DaemonSet then would end connections
    /// that no kernel rules take over.
    fn needs_pods(&self, service: &Service, assignment: &Assignment) -> bool {
        let name = service.object_name();
        let mut pods = self.view.pods_of(&name).filter(|pod| pod.ready);
        pods.any(|pod| {
            let kernel = assignment.kernel(&pod.node_name);
            kernel.is_some_and(|kernel| kernel != Kernel::Confirmed)
        })
    }
}

/// Values of a Service that cannot be used.
fn problems(service: &Service) -> Vec<Problem> {
    let ranges = ranges::of(service).err();
    let tolerations = toleration::annotated(service).err();
    tolerations.into_iter().chain(ranges).collect()
}
