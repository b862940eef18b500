//! The server as a whole: sockets, workers, tasks and their end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use kinglet_dns_zone::Snapshot;
use prometheus_client::registry::Registry;
use socket2::Socket;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bind::{BindError, Sockets, bind};
use crate::forward::Forwarder;
use crate::metrics::{Collector, ForwardMetrics, Shard};
use crate::resolve::Resolver;
use crate::settings::DnsServerSettings;
use crate::tcp::Tcp;
use crate::udp::{self, Worker};

/// How long connections and forwarded queries may go on after the server was told to end.
const GRACE: Duration = Duration::from_secs(5);

/// A DNS server whose addresses are bound, but which does not answer yet.
///
/// ```no_run
/// # use std::sync::Arc;
/// # use arc_swap::ArcSwap;
/// # use kinglet_dns_server::{DnsServer, DnsServerSettings};
/// # use kinglet_dns_zone::{ZoneBuilder, ZoneSettings};
/// # use tokio_util::sync::CancellationToken;
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let mut zone = ZoneBuilder::new(&ZoneSettings::default())?;
/// let snapshot = Arc::new(ArcSwap::new(zone.snapshot(0)));
/// let server = DnsServer::bind(DnsServerSettings::default())?;
/// println!("answering on {}", server.local_addr());
/// server.serve(snapshot, CancellationToken::new()).await?;
/// # Ok(())
/// # }
/// ```
pub struct DnsServer {
    settings: DnsServerSettings,
    listeners: Vec<Listener>,
    forward_metrics: ForwardMetrics,
}

/// The sockets of an address, with their counters.
struct Listener {
    sockets: Sockets,
    /// One per UDP worker.
    shards: Vec<Arc<Shard>>,
    /// For TCP and for what is deferred.
    shared: Arc<Shard>,
}

impl DnsServer {
    /// Binds the addresses of the settings. From here on queries wait in the sockets' buffers.
    pub fn bind(settings: DnsServerSettings) -> Result<Self, BindError> {
        let workers = match settings.workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            workers => workers,
        };
        let listen = &settings.listen;
        // IPv6 leaves IPv4 of a port to the listener that was asked for by its address.
        let with_v4 = |port| {
            listen
                .iter()
                .any(|address| address.is_ipv4() && address.port() == port)
        };
        let listeners = listen
            .iter()
            .map(|&address| Ok(Listener::new(bind(address, workers, with_v4(address.port()))?)))
            .collect::<Result<_, BindError>>()?;
        Ok(Self {
            settings,
            listeners,
            forward_metrics: ForwardMetrics::default(),
        })
    }

    /// The first address, with the real port where the settings said 0.
    pub fn local_addr(&self) -> SocketAddr {
        let unbound = SocketAddr::from(([0, 0, 0, 0], 0));
        self.local_addrs().next().unwrap_or(unbound)
    }

    /// All addresses, in the order of the settings.
    pub(crate) fn local_addrs(&self) -> impl Iterator<Item = SocketAddr> {
        self.listeners.iter().map(|listener| listener.sockets.address)
    }

    /// Adds the server's metrics to a registry.
    pub fn register(&self, registry: &mut Registry) {
        let shards = self.listeners.iter().flat_map(|listener| {
            let shared = std::iter::once(&listener.shared);
            listener.shards.iter().chain(shared).cloned()
        });
        registry.register_collector(Box::new(Collector::new(shards.collect())));
        self.forward_metrics.register(registry);
    }

    /// Answers until it is cancelled, from whatever snapshot `snapshot` holds at the moment of a query.
    /// Returns when everything has ended, at most 5 seconds after being cancelled. Fails if threads or
    /// listeners cannot be started.
    pub async fn serve(
        self,
        snapshot: Arc<ArcSwap<Snapshot>>,
        cancelled: CancellationToken,
    ) -> io::Result<()> {
        // The bound addresses: a query that is forwarded to this server would go round in a circle.
        let own = self.local_addrs().collect();
        let forwarder = Forwarder::new(self.settings.forward.clone(), own, self.forward_metrics.clone());
        let mut running = Running {
            resolver: Arc::new(Resolver::new(forwarder)),
            connections: Arc::new(Semaphore::new(self.settings.tcp.max_connections)),
            settings: self.settings,
            snapshot,
            cancelled: cancelled.clone(),
            tasks: TaskTracker::new(),
            sockets: Vec::new(),
            threads: Vec::new(),
        };
        let started = self
            .listeners
            .into_iter()
            .try_for_each(|listener| running.start(listener));
        if started.is_err() {
            // Workers that did start must not stay.
            cancelled.cancel();
        }
        cancelled.cancelled().await;
        running.end().await;
        started
    }
}

impl Listener {
    fn new(sockets: Sockets) -> Self {
        let label = format!("dns://{}", sockets.address);
        Self {
            shards: sockets
                .udp
                .iter()
                .map(|_| Arc::new(Shard::new(label.clone(), false)))
                .collect(),
            shared: Arc::new(Shard::new(label, true)),
            sockets,
        }
    }
}

/// A server that answers.
struct Running {
    settings: DnsServerSettings,
    snapshot: Arc<ArcSwap<Snapshot>>,
    resolver: Arc<Resolver>,
    connections: Arc<Semaphore>,
    cancelled: CancellationToken,
    tasks: TaskTracker,
    sockets: Vec<Arc<Socket>>,
    threads: Vec<JoinHandle<()>>,
}

impl Running {
    fn start(&mut self, listener: Listener) -> io::Result<()> {
        let Sockets { address, udp, tcp } = listener.sockets;
        self.start_tcp(tcp, listener.shared.clone())?;
        for (socket, shard) in udp.into_iter().zip(listener.shards) {
            let socket = Arc::new(socket);
            self.sockets.push(socket.clone());
            let worker = Worker {
                socket,
                wildcard: address.ip().is_unspecified(),
                max_payload: self.settings.max_udp_payload,
                snapshot: self.snapshot.clone(),
                resolver: self.resolver.clone(),
                shard,
                deferred: listener.shared.clone(),
                tasks: self.tasks.clone(),
                runtime: Handle::current(),
                cancelled: self.cancelled.clone(),
            };
            self.start_worker(worker)?;
        }
        tracing::info!(%address, "answering DNS over UDP and TCP");
        Ok(())
    }

    fn start_tcp(&self, listener: std::net::TcpListener, shard: Arc<Shard>) -> io::Result<()> {
        let listener = TcpListener::from_std(listener)?;
        let tcp = Arc::new(Tcp {
            settings: self.settings.tcp.clone(),
            snapshot: self.snapshot.clone(),
            resolver: self.resolver.clone(),
            shard,
            connections: self.connections.clone(),
            cancelled: self.cancelled.clone(),
            tasks: self.tasks.clone(),
            rotation: AtomicUsize::new(0),
        });
        self.tasks.spawn(tcp.accept(listener));
        Ok(())
    }

    fn start_worker(&mut self, worker: Worker) -> io::Result<()> {
        let name = format!("dns-udp-{}", self.threads.len());
        // A thread, not a task: it blocks in recvmmsg.
        let thread = std::thread::Builder::new()
            .name(name)
            .spawn(move || worker.run())?;
        self.threads.push(thread);
        Ok(())
    }

    /// Stops the workers, then waits for connections and forwarded queries.
    async fn end(self) {
        // Workers wait in the kernel, where they do not see the token.
        self.sockets.iter().for_each(|socket| udp::wake(socket));
        let threads = self.threads;
        // Joining blocks, which a thread of the runtime must not.
        let joined =
            tokio::task::spawn_blocking(move || threads.into_iter().all(|thread| thread.join().is_ok()));
        if !joined.await.unwrap_or(false) {
            tracing::error!("a DNS worker thread panicked");
        }
        // Only now: until a worker has ended it may start tasks.
        self.tasks.close();
        if tokio::time::timeout(GRACE, self.tasks.wait()).await.is_err() {
            tracing::warn!("closed DNS connections that were still open after {GRACE:?}");
        }
    }
}
