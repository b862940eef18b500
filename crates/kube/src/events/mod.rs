//! Events: what users see at the end of `kubectl describe`, and in `kubectl get events`.

mod correlator;
mod write;

use kinglet_model::{Meta, Object, ObjectName};
use kube::Client;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use self::correlator::Correlator;
use self::write::Writer;
use crate::resource::Resource;

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
    /// Starts the writer; `component` is the source of the Events, `instance` (a host or Pod name)
    /// its host.
    pub fn spawn(client: Client, component: &'static str, instance: String, stop: CancellationToken) -> Self {
        let (queue, reports) = mpsc::channel(QUEUE);
        let writer = Writer {
            client,
            component,
            instance,
            correlator: Correlator::default(),
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
