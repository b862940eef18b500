//! The task of an agent.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use kinglet_kube::{Client, Inputs};
use kinglet_model::Node;
use kinglet_servicelb_plan::{Affected, HostPorts, Mode, NodeShare, Share, View};
use kinglet_telemetry::Pending;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tracing::warn;

use super::annotation::{Report, annotate};
use super::host::Host;
use super::inputs::Input;
use super::kept::Kept;
use super::served::{KernelState, Served};
use super::settings::AgentSettings;
use super::unserved::Unserved;

/// How often the listening ports are read: the kernel has no notification when they change.
const PAUSE: Duration = Duration::from_secs(2);
/// How long what the kernel serves is collected before it is reported: Services of one manifest come at once.
const COLLECT: Duration = Duration::from_millis(50);
/// Least time between two such reports.
const PACE: Duration = Duration::from_secs(1);

pub(super) struct Agent<H> {
    client: Client,
    settings: AgentSettings,
    host: H,
    view: View,
    /// What has changed since the share was computed.
    affected: Affected,
    present: Share,
    kept: Kept,
    /// Whose ports the kernel was last asked to reserve.
    reserved: Option<Arc<NodeShare>>,
    share: watch::Sender<Option<Arc<NodeShare>>>,
    /// What the kernel has rules for.
    served: watch::Receiver<Option<Served>>,
    kernel: KernelState,
    /// When the next report is due, before the next tick.
    due: Option<Instant>,
    /// When the last one was written.
    reported: Instant,
    unserved: Unserved,
}

impl<H: Host> Agent<H> {
    pub(super) fn new(
        client: Client,
        settings: AgentSettings,
        host: H,
        share: watch::Sender<Option<Arc<NodeShare>>>,
        served: watch::Receiver<Option<Served>>,
    ) -> Self {
        Self {
            client,
            host,
            view: View::new(settings.mode, &settings.namespace),
            affected: Affected::all(),
            present: Share::new(settings.node.clone()),
            kept: Kept::default(),
            reserved: None,
            settings,
            share,
            served,
            kernel: KernelState::default(),
            due: None,
            reported: Instant::now(),
            unserved: Unserved::default(),
        }
    }

    pub(super) async fn serve(mut self, mut inputs: Inputs<Input>) {
        self.kernel.boot = self.boot().await;
        let mut ticks = interval(PAUSE);
        // After a report that took long, a burst of missed ticks would only report the same again.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let synced = inputs.is_synced();
            let due = self.due;
            tokio::select! {
                // Changes first: a report is made of the newest state.
                biased;
                changes = inputs.next() => {
                    self.take(changes, synced);
                    self.await_service(inputs.pending());
                }
                _ = ticks.tick(), if synced => {
                    self.publish();
                    self.reserve().await;
                    self.report().await;
                }
                // Servers wait for this to publish the node: it is not left to the next tick.
                Ok(()) = self.served.changed(), if synced => self.hear(),
                () = sleep_until(due.unwrap_or_else(Instant::now)), if synced && due.is_some() => {
                    self.report().await;
                }
            }
        }
    }

    async fn boot(&self) -> String {
        let host = self.host.clone();
        blocking(move || host.boot()).await.unwrap_or_else(|error| {
            warn!(%error, "cannot read which start of the machine this is; after the next one the node may be published before its rules are back");
            String::new()
        })
    }

    fn take(&mut self, changes: Vec<Input>, synced: bool) {
        for change in changes {
            self.affected.add(change.take(&mut self.view));
        }
        // A share computed from half of the objects would take away rules that the kernel still needs.
        if synced {
            self.publish();
            // A Node that was deleted and registered again has no report.
            let is_new = self.node().is_some_and(|node| HostPorts::of(node).is_none());
            if is_new && self.settings.mode == Mode::Native {
                self.due = Some(Instant::now());
            }
        }
    }

    /// Takes in what the kernel serves.
    fn hear(&mut self) {
        self.note_service();
        let differs = self.kernel.take(self.served.borrow_and_update().as_ref());
        if differs {
            // All watchers of Nodes get each report, so that those of a burst of changes are put together.
            self.due = Some((Instant::now() + COLLECT).max(self.reported + PACE));
        }
    }

    /// Changes wait until the kernel has rules for the share that they led to.
    fn await_service(&mut self, changes: Option<Pending>) {
        let share = self.share.borrow().clone();
        if let Some((share, changes)) = share.zip(changes) {
            self.unserved.add(share, changes);
        }
        self.note_service();
    }

    fn note_service(&mut self) {
        if let Some((share, _)) = &*self.served.borrow() {
            // Also where it was refused: the lag of Services tells of that.
            self.unserved.serve(share);
        }
    }

    fn node(&self) -> Option<&Arc<Node>> {
        self.view.nodes().get(&self.settings.node)
    }

    fn publish(&mut self) {
        let knows = self.share.borrow().is_some();
        if self.affected.is_empty() && knows {
            return;
        }
        let is_relied_on = self.node().is_some_and(|node| Report::of(node).serving.is_some());
        if self.settings.mode == Mode::DaemonSet && is_relied_on {
            // The server deleted DaemonSets because of this annotation. A new share may take rules away, so
            // the annotation goes first.
            return;
        }
        let affected = std::mem::take(&mut self.affected);
        if affected.has_services() {
            let services = self.view.services().values();
            self.kept.ask(services.map(|service| &**service));
        }
        self.present.update(&self.view, &affected);
        self.kept.serve(self.present.get());
        let now = self.present.get();
        self.share.send_if_modified(|before| {
            let changed = before.as_ref().is_none_or(|before| !Arc::ptr_eq(before, now));
            if changed {
                *before = Some(now.clone());
            }
            changed
        });
    }

    /// Has the kernel keep the served ports from clients.
    async fn reserve(&mut self) {
        let share = self.present.get();
        // Once for the same ports: where it is refused, it will be refused again.
        if self
            .reserved
            .as_ref()
            .is_some_and(|before| Arc::ptr_eq(before, share))
        {
            return;
        }
        let ports = share.values().flatten().map(|(_, number)| *number);
        let ports: BTreeSet<u16> = ports.collect();
        self.reserved = Some(share.clone());
        let host = self.host.clone();
        let result = blocking(move || host.reserve(&ports)).await;
        if let Err(error) = result {
            warn!(%error, "cannot reserve the served ports (net.ipv4.ip_local_reserved_ports); a client of this node that the kernel gives such a port gets no answers");
        }
    }

    /// Writes which ports are listened on and what the kernel serves, if that has changed.
    async fn report(&mut self) {
        self.due = None;
        let Some(present) = self.node().map(|node| Report::of(node)) else {
            return;
        };
        let host_ports = if self.reports(present.host_ports.is_some()) {
            match self.look().await {
                Ok(ports) => Some(ports.to_annotation()),
                Err(error) => {
                    return warn!(%error, "cannot read which ports processes of this node listen on; the Node keeps what was reported last");
                }
            }
        } else {
            None
        };
        let mut report = Report {
            host_ports,
            ..Report::default()
        };
        if self.settings.mode == Mode::Native {
            self.kernel.tell(&present, &mut report);
        }
        if present == report {
            return;
        }
        self.reported = Instant::now();
        if let Err(error) = annotate(&self.client, &self.settings.node, &report).await {
            warn!(%error, "cannot write to the Node's annotations which ports processes listen on and what the kernel serves; trying again");
        }
    }

    /// Beside DaemonSets only one that reported before, for as long as it may have something to serve.
    fn reports(&self, reported: bool) -> bool {
        let share = self.share.borrow();
        let may_serve = share.as_ref().is_none_or(|share| !share.is_empty());
        self.settings.mode == Mode::Native || (reported && may_serve)
    }

    async fn look(&mut self) -> io::Result<HostPorts> {
        let host = self.host.clone();
        // A node with many sockets has tables of megabytes, where it has no socket diagnostics.
        let listening = blocking(move || host.listening()).await?;
        // What was free at the last look and is served now stays served, whatever this look shows.
        self.kept.serve(self.present.get());
        Ok(self.kept.look(listening))
    }
}

/// Runs what may block on a thread of its own.
async fn blocking<T: Send + 'static>(call: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(call)
        .await
        .map_err(io::Error::other)?
}
