//! The task of an agent.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use kinglet_kube::{Client, Inputs};
use kinglet_model::{Node, Protocol, ServiceType};
use kinglet_servicelb_plan::{HostPorts, Mode, Port, View, is_serving, share};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

use super::annotation::{Report, annotate};
use super::inputs::Input;
use super::settings::{AgentSettings, NodeShare};

/// How often the listening ports are read: the kernel has no notification when they change.
const PAUSE: Duration = Duration::from_secs(2);
/// From here on, up to 60999, the kernel gives ports to UDP clients (net.ipv4.ip_local_port_range). Their
/// sockets look like those of servers.
const EPHEMERAL: u16 = 32_768;

pub(super) struct Agent {
    client: Client,
    settings: AgentSettings,
    view: View,
    share: watch::Sender<Option<Arc<NodeShare>>>,
    /// The share that the kernel has rules for.
    served: watch::Receiver<Option<Arc<NodeShare>>>,
    /// Whether the kernel has had rules for the whole share since the start.
    serving: bool,
}

impl Agent {
    pub(super) fn new(
        client: Client,
        settings: AgentSettings,
        share: watch::Sender<Option<Arc<NodeShare>>>,
        served: watch::Receiver<Option<Arc<NodeShare>>>,
    ) -> Self {
        let view = View::new(settings.mode, &settings.namespace);
        Self {
            client,
            settings,
            view,
            share,
            served,
            serving: false,
        }
    }

    pub(super) async fn serve(
        mut self,
        mut inputs: Inputs<Input>,
        listening: impl Fn() -> io::Result<HostPorts> + Clone + Send + 'static,
    ) {
        let mut ticks = interval(PAUSE);
        // After a report that took long, a burst of missed ticks would only report the same again.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let synced = inputs.is_synced();
            tokio::select! {
                // Changes first: a report is made of the newest state.
                biased;
                changes = inputs.next() => self.take(changes, synced),
                _ = ticks.tick(), if synced => {
                    self.publish();
                    self.serving |= self.is_served();
                    self.report(listening.clone()).await;
                }
                // The server waits for this report to delete DaemonSets: it is written at once, not with the
                // tick.
                Ok(()) = self.served.changed(), if synced => {
                    if self.is_served() && !self.serving {
                        self.serving = true;
                        self.report(listening.clone()).await;
                    }
                }
            }
        }
    }

    fn take(&mut self, changes: Vec<Input>, synced: bool) {
        let mut matters = false;
        for change in changes {
            matters |= change.take(&mut self.view);
        }
        // A share computed from half of the objects would take away rules that the kernel still needs.
        if matters && synced {
            self.publish();
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

    fn publish(&self) {
        if self.settings.mode == Mode::DaemonSet && self.node().is_some_and(|node| is_serving(node)) {
            // The server deleted DaemonSets because of this annotation. A new share may take rules away, so
            // the annotation goes first.
            return;
        }
        let now = node_share(&self.view, &self.settings.node);
        self.share.send_if_modified(|before| {
            let changed = before.as_deref() != Some(&now);
            if changed {
                *before = Some(Arc::new(now));
            }
            changed
        });
    }

    /// Writes which ports are listened on and whether the kernel serves, if that has changed.
    async fn report(&self, listening: impl Fn() -> io::Result<HostPorts> + Send + 'static) {
        let Some(present) = self.node().map(|node| Report::of(node)) else {
            return;
        };
        let host_ports = if self.reports(present.host_ports.is_some()) {
            match self.look(listening).await {
                Ok(ports) => Some(ports.to_annotation()),
                Err(error) => {
                    return warn!(%error, "cannot read from /proc which ports processes of this node listen on; the Node keeps what was reported last");
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

    async fn look(
        &self,
        listening: impl Fn() -> io::Result<HostPorts> + Send + 'static,
    ) -> io::Result<HostPorts> {
        // A node with many sockets has tables of megabytes.
        let ports = tokio::task::spawn_blocking(listening)
            .await
            .map_err(io::Error::other)??;
        let asked = self.asked();
        let counts =
            |port: &Port| port.protocol != Protocol::Udp || port.number < EPHEMERAL || asked.contains(port);
        Ok(HostPorts::new(ports.iter().filter(counts)))
    }

    /// The ports that any load balancer may need.
    fn asked(&self) -> BTreeSet<Port> {
        let services = self.view.services().values();
        let balanced = services.filter(|service| service.service_type == ServiceType::LoadBalancer);
        balanced.flat_map(|service| Port::of(service)).collect()
    }
}

/// The ports that the data plane of a node has to serve.
fn node_share(view: &View, node: &str) -> NodeShare {
    let services = share(view, node).into_iter();
    let numbers = services.map(|(service, ports)| {
        let ports = ports.into_iter().map(|port| (port.protocol, port.number));
        (service, ports.collect())
    });
    numbers.collect()
}
