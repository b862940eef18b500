//! A worker: one thread with its own runtime, sockets, pool and counters.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{interval, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::connection::{self, Protocols};
use crate::entry_point::EntryPointId;
use crate::exchange::WorkerContext;
use crate::metrics::Recorder;
use crate::settings::Settings;
use crate::snapshot::SharedSnapshot;
use crate::upstream::Pool;

/// How often the pool is looked through for connections that were idle for too long.
const SWEEP: Duration = Duration::from_secs(15);

/// How long accepting pauses when the process has no file descriptor left.
const PAUSE: Duration = Duration::from_millis(50);

/// A worker's connections and what they need.
struct Worker {
    context: Rc<WorkerContext>,
    protocols: Rc<Protocols>,
    connections: TaskTracker,
}

/// What a worker thread is given.
pub(crate) struct Assignment {
    pub(crate) settings: Arc<Settings>,
    pub(crate) snapshot: SharedSnapshot,
    pub(crate) recorder: Recorder,
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) stop: CancellationToken,
    /// One socket for each entry point.
    pub(crate) listeners: Vec<(EntryPointId, std::net::TcpListener)>,
}

/// Runs a worker on the present thread until it has stopped and its requests have finished, or their grace is
/// over.
pub(crate) fn run(assignment: Assignment) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, work(assignment))
}

async fn work(assignment: Assignment) -> std::io::Result<()> {
    let protocols = Protocols::new(assignment.acceptor, &assignment.settings);
    let context = WorkerContext::new(
        assignment.settings,
        assignment.snapshot,
        assignment.recorder,
        assignment.stop,
    );
    let worker = Rc::new(Worker {
        context: Rc::new(context),
        protocols: Rc::new(protocols),
        connections: TaskTracker::new(),
    });
    let mut accepting = JoinSet::new();
    for (entry_point, listener) in assignment.listeners {
        let listener = TcpListener::from_std(listener)?;
        accepting.spawn_local(worker.clone().accept_all(entry_point, listener));
    }
    let sweeper = tokio::task::spawn_local(sweep(worker.context.pool.clone()));
    accepting.join_all().await;
    worker.connections.close();
    if timeout(worker.context.settings.timeouts.grace, worker.connections.wait())
        .await
        .is_err()
    {
        tracing::warn!(
            connections = worker.connections.len(),
            "requests did not finish in time"
        );
    }
    sweeper.abort();
    Ok(())
}

async fn sweep(pool: Rc<Pool>) {
    let mut ticks = interval(SWEEP);
    loop {
        ticks.tick().await;
        pool.sweep(Instant::now());
    }
}

impl Worker {
    /// Accepts until the proxy stops; then once more whatever the kernel has accepted already, so that no
    /// client is reset.
    async fn accept_all(self: Rc<Self>, entry_point: EntryPointId, listener: TcpListener) {
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, address)) => self.start(entry_point, stream, address),
                    Err(error) => {
                        let entry_point = self.context.settings.entry_points.name(entry_point);
                        tracing::warn!(entry_point, %error, "cannot accept a connection");
                        sleep(PAUSE).await;
                    }
                },
                () = self.context.stop.cancelled() => break,
            }
        }
        while let Ok(Ok((stream, address))) = timeout(Duration::ZERO, listener.accept()).await {
            self.start(entry_point, stream, address);
        }
    }

    fn start(&self, entry_point: EntryPointId, stream: TcpStream, address: SocketAddr) {
        let (context, protocols) = (self.context.clone(), self.protocols.clone());
        self.connections.spawn_local(connection::serve(
            context,
            protocols,
            entry_point,
            stream,
            address,
        ));
    }
}
