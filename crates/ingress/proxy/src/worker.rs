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
use crate::settings::ProxySettings;
use crate::snapshot::SharedSnapshot;
use crate::upstream::Pool;

/// How often the pool closes connections that were idle for too long.
const SWEEP: Duration = Duration::from_secs(15);

/// How long accepting pauses after an error. The usual one is EMFILE: the connection stays in the backlog,
/// and accepting again at once would fail again, in a busy loop.
const PAUSE: Duration = Duration::from_millis(50);

/// The connections of a worker and what they need.
struct Worker {
    context: Rc<WorkerContext>,
    protocols: Rc<Protocols>,
    connections: TaskTracker,
}

/// What a worker thread is given.
pub(crate) struct Assignment {
    pub(crate) settings: Arc<ProxySettings>,
    pub(crate) snapshot: SharedSnapshot,
    pub(crate) recorder: Recorder,
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) stop: CancellationToken,
    /// One socket for each entry point.
    pub(crate) listeners: Vec<(EntryPointId, std::net::TcpListener)>,
}

/// Runs a worker on the current thread until it has stopped and its requests have finished, or the grace
/// period is over.
pub(crate) fn run(assignment: Assignment) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // A `LocalSet`, so that what a worker shares (`Rc`, the pool) needs neither locks nor atomic counters.
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
    // No connection can be added any more; `wait` ends with the last one.
    worker.connections.close();
    if timeout(worker.context.settings.timeouts.grace, worker.connections.wait())
        .await
        .is_err()
    {
        tracing::warn!(
            connections = worker.connections.len(),
            "requests did not finish within the grace period; closing their connections"
        );
    }
    // What still runs is dropped with the `LocalSet`, which closes its sockets.
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
    /// Accepts until the proxy stops, then accepts what the kernel has completed already: closing a listening
    /// socket resets the connections in its backlog.
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
        // A timeout of zero polls once: it ends when the backlog is empty.
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
