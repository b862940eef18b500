//! Events: what users see at the end of `kubectl describe`, and in `kubectl get events`.

mod correlator;
mod report;
mod write;

use kube::Client;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use self::correlator::Correlator;
pub use self::report::{ObjectReference, Report, Severity};
use self::write::Writer;

/// Reports waiting to be written; when the API server is away, newer ones beyond this are dropped.
const QUEUE: usize = 1024;

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
