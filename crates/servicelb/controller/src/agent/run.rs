//! The task of an agent.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use kinglet_kube::{Client, Inputs};
use kinglet_model::Node;
use kinglet_servicelb_plan::{Affected, HostPorts, Mode, NodeShare, Share, View, is_serving};
use kinglet_telemetry::Pending;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

use super::annotation::{Report, annotate};
use super::host::Host;
use super::inputs::Input;
use super::kept::Kept;
use super::settings::AgentSettings;
use super::unserved::Unserved;

/// How often the listening ports are read: the kernel has no notification when they change.
const PAUSE: Duration = Duration::from_secs(2);

pub(super) struct Agent<H> {
    client: Client,
    settings: AgentSettings,
    host: H,
    view: View,
    /// What has changed since the share was computed.
    affected: Affected,
    present: Share,
    kept: Kept,
    /// The ports that the kernel was last asked to reserve.
    reserved: BTreeSet<u16>,
    share: watch::Sender<Option<Arc<NodeShare>>>,
    /// The share that the kernel has rules for.
    served: watch::Receiver<Option<Arc<NodeShare>>>,
    unserved: Unserved,
    /// Whether the kernel has had rules for the whole share since the start.
    serving: bool,
}

impl<H: Host> Agent<H> {
    pub(super) fn new(
        client: Client,
        settings: AgentSettings,
        host: H,
        share: watch::Sender<Option<Arc<NodeShare>>>,
        served: watch::Receiver<Option<Arc<NodeShare>>>,
    ) -> Self {
        Self {
            client,
            host,
            view: View::new(settings.mode, &settings.namespace),
            affected: Affected::all(),
            present: Share::new(settings.node.clone()),
            kept: Kept::default(),
            reserved: BTreeSet::new(),
            settings,
            share,
            served,
            unserved: Unserved::default(),
            serving: false,
        }
    }

    pub(super) async fn serve(mut self, mut inputs: Inputs<Input>) {
        let mut ticks = interval(PAUSE);
        // After a report that took long, a burst of missed ticks would only report the same again.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let synced = inputs.is_synced();
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
                    self.serving |= self.is_served();
                    self.report().await;
                }
                // The server waits for this report to delete DaemonSets: it is written at once, not with the
                // tick.
                Ok(()) = self.served.changed(), if synced => {
                    self.note_service();
                    if self.is_served() && !self.serving {
                        self.serving = true;
                        self.report().await;
                    }
                }
            }
        }
    }

    fn take(&mut self, changes: Vec<Input>, synced: bool) {
        for change in changes {
            self.affected.add(change.take(&mut self.view));
        }
        // A share computed from half of the objects would take away rules that the kernel still needs.
        if synced {
            self.publish();
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
        if let Some(served) = &*self.served.borrow() {
            self.unserved.serve(served);
        }
    }

    /// Whether the kernel has rules for the present share. Without the report of listening ports the Node
    /// counts as one without an agent, and has no share that could be served.
    fn is_served(&self) -> bool {
        let (share, served) = (self.share.borrow(), self.served.borrow());
        let same = share.as_ref().zip(served.as_ref());
        let known = self.node().is_some_and(|node| HostPorts::of(node).is_some());
        self.settings.mode == Mode::Native
            && known
            && same.is_some_and(|(share, served)| Arc::ptr_eq(share, served))
    }

    fn node(&self) -> Option<&Arc<Node>> {
        self.view.nodes().get(&self.settings.node)
    }

    fn publish(&mut self) {
        let knows = self.share.borrow().is_some();
        if self.affected.is_empty() && knows {
            return;
        }
        if self.settings.mode == Mode::DaemonSet && self.node().is_some_and(|node| is_serving(node)) {
            // The server deleted DaemonSets because of this annotation. A new share may take rules away, so
            // the annotation goes first.
            return;
        }
        let affected = std::mem::take(&mut self.affected);
        self.kept
            .ask(self.view.services().values().map(|service| &**service));
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
        let ports = self.present.get().values().flatten().map(|(_, number)| *number);
        let ports: BTreeSet<u16> = ports.collect();
        if ports == self.reserved {
            return;
        }
        // Once for the same ports: where it is refused, it will be refused again.
        self.reserved.clone_from(&ports);
        let host = self.host.clone();
        let result = blocking(move || host.reserve(&ports)).await;
        if let Err(error) = result {
            warn!(%error, "cannot reserve the served ports (net.ipv4.ip_local_reserved_ports); a client of this node that the kernel gives such a port gets no answers");
        }
    }

    /// Writes which ports are listened on and whether the kernel serves, if that has changed.
    async fn report(&mut self) {
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
        // What an earlier run in this mode wrote still holds: its rules stay in the kernel until new ones
        // come.
        let serving = self.settings.mode == Mode::Native && (self.serving || present.serving);
        let report = Report { host_ports, serving };
        if present == report {
            return;
        }
        if let Err(error) = annotate(&self.client, &self.settings.node, &report).await {
            warn!(%error, "cannot write the ports that processes listen on to the Node's annotations; trying again");
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
