//! The writes that release a Service that we do not serve: what is ours goes, the rest stays.

use kinglet_model::{Object as _, Service, ServiceType};

use super::cluster::Cluster;
use super::notes;
use super::step::{Note, OwnFinalizer, ServicePlan, Step};
use crate::marks::{has_finalizer, is_marked, is_wanted};
use crate::names::FINALIZER;
use crate::ownership::{foreign, is_ours};
use crate::status::Status;

impl Cluster<'_> {
    /// The next write: the DaemonSet, the finalizer, then the status.
    pub(super) fn release(&self, service: &Service) -> Option<ServicePlan> {
        // Before the finalizer: nothing would lead to the DaemonSet once the Service is gone.
        if let Some(set) = self.sets_of(service).next() {
            return Some(ServicePlan::delete(set));
        }
        let own = if self.keeps_finalizer(service) {
            OwnFinalizer::Keep
        } else {
            OwnFinalizer::Remove
        };
        if let Some(step) = Step::finalizers(service, own) {
            return Some(ServicePlan::new(step, self.release_notes(service)));
        }
        let from = Status::present(service);
        let to = self.remainder(service);
        let mut unmarked = self.unmarked.into_iter().flatten();
        let was_ours = is_marked(service) || unmarked.any(|name| *name == service.object_name());
        let differs = from.ports != to.ports || (was_ours && from != to);
        if differs {
            let notes = notes::lost(&from, &to);
            return Some(ServicePlan::new(Step::status(from, to), notes));
        }
        self.left(service)
    }

    /// Tells that a Service is left to another controller, whose address its status has.
    fn left(&self, service: &Service) -> Option<ServicePlan> {
        let entry = foreign(self.view, service).filter(|_| is_wanted(service) && self.unmarked.is_none())?;
        let address = entry.ip.as_deref().or(entry.hostname.as_deref());
        let text = format!(
            "Error syncing load balancer: status.loadBalancer.ingress: {:?} is of another controller, which the Service is left to",
            address.unwrap_or_default()
        );
        let note = Note::warning("SyncLoadBalancerFailed", text);
        Some(ServicePlan::new(Step::Tell, [note]))
    }

    /// Whether the finalizer is not ours to remove: all controllers of load balancers use the same name
    /// (`service.kubernetes.io/load-balancer-cleanup`), so that of a Service of another class, or of one
    /// whose status another controller has written, belongs to that controller.
    fn keeps_finalizer(&self, service: &Service) -> bool {
        let is_other = service.load_balancer_class.is_some() || foreign(self.view, service).is_some();
        let balanced = service.service_type == ServiceType::LoadBalancer;
        !has_finalizer(service, FINALIZER) || (balanced && is_other && !is_marked(service))
    }

    fn release_notes(&self, service: &Service) -> Vec<Note> {
        // What becomes of one that is left to another controller is told when all is done.
        let is_left = is_wanted(service) && foreign(self.view, service).is_some();
        if is_left || !has_finalizer(service, FINALIZER) {
            return Vec::new();
        }
        vec![
            Note::normal("DeletingLoadBalancer", "Deleting load balancer"),
            Note::normal("DeletedLoadBalancer", "Deleted load balancer"),
        ]
    }

    /// The status without what is ours.
    fn remainder(&self, service: &Service) -> Status {
        let mut status = Status {
            ports: self.lost(service),
            ..Status::present(service)
        };
        let was_ours = is_marked(service) || self.unmarked.is_some();
        if was_ours {
            status.condition = None;
            let balanced = service.service_type == ServiceType::LoadBalancer;
            status
                .ingress
                .retain(|entry| balanced && !is_ours(self.view, service, entry));
        }
        status
    }
}
