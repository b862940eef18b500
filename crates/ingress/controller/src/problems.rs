//! Reports what is wrong with Ingresses: a warning Event on the object and a log line, once per problem.

use std::collections::BTreeSet;

use kinglet_ingress_providers::{ClusterView, Problem};
use kinglet_kube::{ObjectReference, Recorder, Report, Severity};
use kinglet_model::Ingress;
use kinglet_telemetry::Registry;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use tracing::{info, warn};

/// Current problems of Ingresses by reason (`kinglet_ingress_problems`).
#[derive(Clone, Debug, Default)]
pub struct ProblemMetrics(Family<Labels, Gauge>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    reason: &'static str,
}

impl ProblemMetrics {
    /// Metrics that the registry shows.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register(
            "kinglet_ingress_problems",
            "Current problems of Ingresses by reason",
            metrics.0.clone(),
        );
        metrics
    }

    fn count(&self, problems: &BTreeSet<Problem>) {
        // Reasons without a problem lose their series: a gauge that stays at its last value would lie.
        self.0.clear();
        for problem in problems {
            let labels = Labels {
                reason: problem.reason.as_str(),
            };
            self.0.get_or_create(&labels).inc();
        }
    }
}

/// Knows which problems there are, and reports new ones.
pub(crate) struct ProblemReporter {
    recorder: Recorder,
    metrics: ProblemMetrics,
    known: BTreeSet<Problem>,
    /// What users were told by Events.
    told: BTreeSet<Problem>,
}

impl ProblemReporter {
    pub(crate) fn new(recorder: Recorder, metrics: ProblemMetrics) -> Self {
        Self {
            recorder,
            metrics,
            known: BTreeSet::new(),
            told: BTreeSet::new(),
        }
    }

    /// Reports problems that were not there at the last compilation: in the log, and if this process leads in
    /// Events, which users get once however many servers there are.
    pub(crate) fn report(&mut self, found: Vec<Problem>, view: &ClusterView, leads: bool) {
        let found: BTreeSet<Problem> = found.into_iter().collect();
        self.log(&found);
        if leads {
            self.tell(&found, view);
        }
        // Who becomes the leader tells all that there is: the one before may not have come to it.
        self.told = if leads { found.clone() } else { BTreeSet::new() };
        if found != self.known {
            self.metrics.count(&found);
        }
        self.known = found;
    }

    fn tell(&self, found: &BTreeSet<Problem>, view: &ClusterView) {
        for problem in found.difference(&self.told) {
            // The Event needs the uid; an Ingress that is gone has no author to tell.
            if let Some(ingress) = view.ingresses.get(&problem.ingress) {
                self.recorder.report(event(problem, ingress));
            }
        }
    }

    fn log(&self, found: &BTreeSet<Problem>) {
        for problem in found.difference(&self.known) {
            let reason = problem.reason.as_str();
            warn!(ingress = %problem.ingress, field = problem.field, reason, "{}", problem.message);
        }
        for problem in self.known.difference(found) {
            info!(ingress = %problem.ingress, field = problem.field, "problem of an Ingress resolved");
        }
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
