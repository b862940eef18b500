//! Events as the API server gets them.
//!
//! They are core/v1, as client-go's recorder writes them: an Event of `events.k8s.io/v1` may not have
//! `lastTimestamp` and `count`, by which `kubectl get events --sort-by=.lastTimestamp` and most dashboards
//! sort.

use std::time::Instant;

use http::Method;
use kube::Client;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tracing::{debug, warn};

use super::correlator::{Correlator, Decision};
use super::report::{Report, Severity};
use crate::RequestError;
use crate::write::{JSON, STRATEGIC_PATCH, send};

/// Writes what comes from a queue.
pub(super) struct Writer {
    pub(super) client: Client,
    pub(super) component: &'static str,
    pub(super) instance: String,
    pub(super) correlator: Correlator,
}

impl Writer {
    pub(super) async fn run(mut self, mut reports: mpsc::Receiver<Report>) {
        while let Some(report) = reports.recv().await {
            let (object, reason) = (report.regarding.name.clone(), report.reason);
            match self.write(report).await {
                Ok(()) => {}
                // The object goes, or has gone, with its namespace: there is nobody to tell.
                Err(error) if error.is_namespace_terminating() || error.is_not_found() => {
                    debug!(%object, reason, %error, "no event in a namespace that is deleted");
                }
                Err(error) => warn!(%object, reason, %error, "cannot write event"),
            }
        }
    }

    async fn write(&mut self, mut report: Report) -> Result<(), RequestError> {
        match self.correlator.decide(&mut report, Instant::now()) {
            Decision::Drop => {
                debug!(object = %report.regarding.name, reason = report.reason, "too many events; dropped");
                Ok(())
            }
            Decision::Create(note) => self.create(report, note).await,
            Decision::Count { name, count, note } => match self.count(&report, &name, count, &note).await {
                // API servers delete Events after an hour.
                Err(error) if error.is_not_found() => {
                    self.correlator.forget(&report);
                    self.create(report, note).await
                }
                result => result,
            },
        }
    }

    async fn create(&mut self, report: Report, note: String) -> Result<(), RequestError> {
        // As client-go names them: unique without asking, and an object's Events sort together.
        let stamp = jiff::Timestamp::now().as_nanosecond();
        let name = format!("{}.{stamp:x}", report.regarding.name.name);
        let event = self.event(&report, &name, &note);
        send(&self.client, Method::POST, path(&report), JSON, &event).await?;
        self.correlator.created(report, name, Instant::now());
        Ok(())
    }

    async fn count(&self, report: &Report, name: &str, count: u32, note: &str) -> Result<(), RequestError> {
        let patch = json!({"count": count, "lastTimestamp": time(), "message": note});
        let path = format!("{}/{name}", path(report));
        Ok(send(&self.client, Method::PATCH, path, STRATEGIC_PATCH, &patch).await?)
    }

    fn event(&self, report: &Report, name: &str, note: &str) -> Value {
        let (object, now) = (&report.regarding, time());
        json!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace(report)},
            "involvedObject": {
                "apiVersion": object.api_version,
                "kind": object.kind,
                "namespace": &*object.name.namespace,
                "name": &*object.name.name,
                "uid": object.uid,
            },
            "reason": report.reason,
            "message": note,
            "type": match report.severity { Severity::Normal => "Normal", Severity::Warning => "Warning" },
            "action": report.action,
            // `kubectl describe` shows `source`; `events.k8s.io/v1` makes its `reportingController` of the
            // others.
            "source": {"component": self.component, "host": self.instance},
            "reportingComponent": self.component,
            "reportingInstance": self.instance,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        })
    }
}

/// Events about cluster-scoped objects live in `default`.
fn namespace(report: &Report) -> &str {
    match &*report.regarding.name.namespace {
        "" => "default",
        namespace => namespace,
    }
}

fn path(report: &Report) -> String {
    format!("/api/v1/namespaces/{}/events", namespace(report))
}

/// The present as `Time` of Kubernetes: RFC 3339 in whole seconds.
fn time() -> String {
    format!("{:.0}", jiff::Timestamp::now())
}
