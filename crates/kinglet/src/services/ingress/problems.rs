//! Tells the author of an Ingress what is wrong with it: a warning Event on the object and a log line, once per problem.

use std::collections::BTreeSet;

use kinglet_ingress_providers::{ClusterView, Problem};
use kinglet_kube::{ObjectReference, Recorder, Report, Severity};
use kinglet_model::Ingress;
use tracing::{info, warn};

pub(super) struct Problems {
    recorder: Recorder,
    known: BTreeSet<Problem>,
}

impl Problems {
    pub(super) fn new(recorder: Recorder) -> Self {
        Self {
            recorder,
            known: BTreeSet::new(),
        }
    }

    /// Reports problems that were not there at the last compilation.
    pub(super) fn report(&mut self, found: Vec<Problem>, view: &ClusterView) {
        let found: BTreeSet<Problem> = found.into_iter().collect();
        for problem in found.difference(&self.known) {
            warn!(ingress = %problem.ingress, field = problem.field, reason = problem.reason.as_str(), "{}", problem.message);
            if let Some(ingress) = view.ingresses.get(&problem.ingress) {
                self.recorder.report(event(problem, ingress));
            }
        }
        for problem in self.known.difference(&found) {
            info!(ingress = %problem.ingress, field = problem.field, "problem is gone");
        }
        self.known = found;
    }
}

fn event(problem: &Problem, ingress: &Ingress) -> Report {
    Report {
        regarding: ObjectReference::of::<Ingress>(&ingress.metadata),
        severity: Severity::Warning,
        reason: problem.reason.as_str(),
        action: "Route",
        note: format!("{}: {}", problem.field, problem.message),
    }
}
