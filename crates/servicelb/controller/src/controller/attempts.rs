//! What was written, and what is to be tried again.

use std::collections::HashMap;
use std::sync::Arc;

use kinglet_kube::Backoff;
use kinglet_model::{Object as _, ObjectName, Service};
use kinglet_servicelb_plan::ServicePlan;
use tokio::time::Instant;

/// The attempts for all Services.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// The last write, and the revision of the Service that it was planned from: until the cache has seen the
    /// result, the same plan comes again.
    written: HashMap<ObjectName, (Arc<str>, ServicePlan)>,
    failed: HashMap<ObjectName, (Backoff, Instant)>,
}

impl Attempts {
    /// Whether a plan should be carried out now.
    pub(super) fn is_due(&self, service: &Service, plan: &ServicePlan) -> bool {
        let name = service.object_name();
        let written = self.written.get(&name);
        let seen = written
            .is_none_or(|(revision, last)| *revision != service.metadata.resource_version || last != plan);
        let failed = self.failed.get(&name);
        seen && failed.is_none_or(|(_, at)| *at <= Instant::now())
    }

    pub(super) fn succeeded(&mut self, service: &Service, plan: ServicePlan) {
        let name = service.object_name();
        self.failed.remove(&name);
        let revision = service.metadata.resource_version.clone();
        self.written.insert(name, (revision, plan));
    }

    pub(super) fn failed(&mut self, service: &Service) {
        let now = Instant::now();
        let (backoff, at) = self
            .failed
            .entry(service.object_name())
            .or_insert_with(|| (Backoff::new(), now));
        *at = now + backoff.pause();
    }

    /// Forgets Services that are gone.
    pub(super) fn retain(&mut self, is_there: impl Fn(&ObjectName) -> bool) {
        self.written.retain(|name, _| is_there(name));
        self.failed.retain(|name, _| is_there(name));
    }

    /// When something is to be tried again.
    pub(super) fn next(&self) -> Option<Instant> {
        let now = Instant::now();
        let times = self.failed.values().map(|(_, at)| *at);
        times.filter(|at| *at > now).min()
    }
}
