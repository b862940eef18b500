//! Whether this process is the one that writes into the cluster.

use kinglet_kube::{Client, Election, Recorder, control, lead};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::status::{StatusChanges, StatusWriter};

/// Tells the rest of the controller whether it leads.
#[derive(Clone)]
pub(crate) struct Leadership(watch::Sender<bool>);

impl Leadership {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }

    fn begin(&self) -> Term {
        self.0.send_replace(true);
        Term(self.clone())
    }

    /// Writes statuses while this process leads, until `stop` is cancelled. Without an election it always does.
    pub(crate) async fn write(
        self,
        client: Client,
        changes: StatusChanges,
        election: Option<Election>,
        recorder: &Recorder,
        stop: &CancellationToken,
    ) {
        let work = |_: CancellationToken| {
            let (writer, changes) = (StatusWriter::new(client.clone()), changes.for_writer());
            let leadership = self.clone();
            async move {
                let _term = leadership.begin();
                control(writer, changes, || ()).await;
            }
        };
        match election {
            Some(election) => lead(client.clone(), election, recorder, stop, work).await,
            None => {
                // An end in good order.
                let _ = stop.run_until_cancelled(work(stop.clone())).await;
            }
        }
    }
}

/// The time for which the process leads; ends when it is dropped, as the work of a leader is when its Lease is
/// lost.
struct Term(Leadership);

impl Drop for Term {
    fn drop(&mut self) {
        self.0.0.send_replace(false);
    }
}
