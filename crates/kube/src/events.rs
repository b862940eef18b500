//! Events (events.k8s.io/v1): what users see at the end of `kubectl describe`.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use http::Method;
use kinglet_model::{Meta, Object, ObjectName};
use kube::Client;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::resource::Resource;
use crate::write::{JSON, MERGE_PATCH, send};

/// A repetition within this time counts up the first Event (`series`) instead of making another.
const REPEAT: Duration = Duration::from_secs(360);
/// Reports waiting to be written; when the API server is away, newer ones beyond this are dropped.
const QUEUE: usize = 1024;

/// Whether an Event tells of normal work or of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// `type: Normal`.
    Normal,
    /// `type: Warning`.
    Warning,
}

/// The object that an Event is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectReference {
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// Namespace and name.
    pub name: ObjectName,
    /// `uid`.
    pub uid: String,
}

impl ObjectReference {
    /// A reference to a watched object.
    pub fn of<K: Object>(meta: &Meta) -> Self {
        Self {
            api_version: Resource::of::<K>().api_version(),
            kind: K::KIND.to_owned(),
            name: meta.object_name(),
            uid: meta.uid.to_string(),
        }
    }
}

/// What is to be reported.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Report {
    /// The object.
    pub regarding: ObjectReference,
    /// Normal or warning.
    pub severity: Severity,
    /// Machine-readable reason in CamelCase.
    pub reason: &'static str,
    /// What the component was doing, in CamelCase.
    pub action: &'static str,
    /// The text for people.
    pub note: String,
}

/// Writes Events in the background. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Recorder {
    queue: mpsc::Sender<Report>,
}

impl Recorder {
    /// Starts the writer; `component` becomes `reportingController`, `instance` (a host or Pod name)
    /// `reportingInstance`.
    pub fn spawn(client: Client, component: &'static str, instance: String, stop: CancellationToken) -> Self {
        let (queue, reports) = mpsc::channel(QUEUE);
        let writer = Writer {
            client,
            component,
            instance,
            written: HashMap::new(),
        };
        tokio::spawn(async move {
            tokio::select! {
                () = writer.run(reports) => {}
                () = stop.cancelled() => {}
            }
        });
        Self { queue }
    }

    /// Reports, without waiting. A full queue drops the report: Events are best effort.
    pub fn report(&self, report: Report) {
        if let Err(error) = self.queue.try_send(report) {
            debug!(%error, "event dropped");
        }
    }
}

struct Writer {
    client: Client,
    component: &'static str,
    instance: String,
    written: HashMap<Report, Written>,
}

struct Written {
    name: String,
    count: u32,
    last: Instant,
}

impl Writer {
    async fn run(mut self, mut reports: mpsc::Receiver<Report>) {
        while let Some(report) = reports.recv().await {
            // What is not repeated any more is forgotten, so that the map follows what happens now.
            self.written.retain(|_, written| written.last.elapsed() < REPEAT);
            if let Err(error) = self.write(&report).await {
                warn!(object = %report.regarding.name, reason = report.reason, %error, "cannot write event");
            }
        }
    }

    async fn write(&mut self, report: &Report) -> Result<(), kube::Error> {
        if let Some(written) = self.written.get_mut(report) {
            written.count += 1;
            written.last = Instant::now();
            let series = json!({"series": {"count": written.count, "lastObservedTime": micro_time()}});
            let uri = format!("{}/{}", events_path(report), written.name);
            return send(&self.client, Method::PATCH, uri, MERGE_PATCH, &series).await;
        }
        let event = self.event(report);
        send(&self.client, Method::POST, events_path(report), JSON, &event).await?;
        let name = event["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        self.written.insert(
            report.clone(),
            Written {
                name,
                count: 1,
                last: Instant::now(),
            },
        );
        Ok(())
    }

    fn event(&self, report: &Report) -> Value {
        let regarding = &report.regarding;
        // As client-go names them: unique without asking, and the object's Events sort together.
        let stamp = jiff::Timestamp::now().as_nanosecond();
        json!({
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {
                "name": format!("{}.{stamp:x}", regarding.name.name),
                "namespace": event_namespace(report),
            },
            "eventTime": micro_time(),
            "reportingController": self.component,
            "reportingInstance": self.instance,
            "action": report.action,
            "reason": report.reason,
            "type": match report.severity { Severity::Normal => "Normal", Severity::Warning => "Warning" },
            "note": report.note,
            "regarding": {
                "apiVersion": regarding.api_version,
                "kind": regarding.kind,
                "namespace": &*regarding.name.namespace,
                "name": &*regarding.name.name,
                "uid": regarding.uid,
            },
        })
    }
}

/// Events about cluster-scoped objects live in `default`.
fn event_namespace(report: &Report) -> &str {
    match &*report.regarding.name.namespace {
        "" => "default",
        namespace => namespace,
    }
}

fn events_path(report: &Report) -> String {
    format!(
        "/apis/events.k8s.io/v1/namespaces/{}/events",
        event_namespace(report)
    )
}

/// The present as `MicroTime`: RFC 3339 with six digits.
fn micro_time() -> String {
    format!("{:.6}", jiff::Timestamp::now())
}
