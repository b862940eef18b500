//! A worker: one thread with its own runtime, sockets, pool and counters.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::HeaderValue;
use hyper::server::conn::{http1, http2};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;
use tokio::time::{interval, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::metrics::Recorder;
use crate::upstream::Pool;
use crate::{EntryPoint, Settings, SharedSnapshot, connection};

/// How often the pool is looked through for connections that were idle for too long.
const SWEEP: Duration = Duration::from_secs(15);

/// How long accepting pauses when the process has no file descriptor left.
const PAUSE: Duration = Duration::from_millis(50);

/// What the connections of a worker share.
pub(crate) struct Worker {
    pub(crate) settings: Arc<Settings>,
    pub(crate) snapshot: SharedSnapshot,
    pub(crate) recorder: Recorder,
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) stop: CancellationToken,
    pub(crate) pool: Rc<Pool>,
    pub(crate) http1: http1::Builder,
    pub(crate) http2: http2::Builder<LocalExecutor>,
    pub(crate) hostname: HeaderValue,
    /// The empty name.
    pub(crate) nothing: Arc<str>,
    connections: TaskTracker,
}

/// What a worker thread is given.
pub(crate) struct Assignment {
    pub(crate) settings: Arc<Settings>,
    pub(crate) snapshot: SharedSnapshot,
    pub(crate) recorder: Recorder,
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) stop: CancellationToken,
    pub(crate) web: std::net::TcpListener,
    pub(crate) websecure: std::net::TcpListener,
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
    let web = TcpListener::from_std(assignment.web)?;
    let websecure = TcpListener::from_std(assignment.websecure)?;
    let settings = assignment.settings;
    let worker = Rc::new(Worker {
        snapshot: assignment.snapshot,
        recorder: assignment.recorder,
        acceptor: assignment.acceptor,
        stop: assignment.stop,
        pool: Pool::new(settings.clone()),
        http1: http1_builder(&settings),
        http2: http2_builder(&settings),
        hostname: HeaderValue::from_str(&settings.hostname).unwrap_or(HeaderValue::from_static("")),
        nothing: Arc::from(""),
        connections: TaskTracker::new(),
        settings,
    });
    let sweeper = tokio::task::spawn_local(sweep(worker.pool.clone()));
    tokio::join!(
        worker.accept_all(EntryPoint::Web, web),
        worker.accept_all(EntryPoint::Websecure, websecure)
    );
    worker.connections.close();
    if timeout(worker.settings.timeouts.grace, worker.connections.wait())
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
    async fn accept_all(self: &Rc<Self>, entry_point: EntryPoint, listener: TcpListener) {
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, address)) => self.start(entry_point, stream, address),
                    Err(error) => {
                        tracing::warn!(%entry_point, %error, "cannot accept a connection");
                        sleep(PAUSE).await;
                    }
                },
                () = self.stop.cancelled() => break,
            }
        }
        while let Ok(Ok((stream, address))) = timeout(Duration::ZERO, listener.accept()).await {
            self.start(entry_point, stream, address);
        }
    }

    fn start(self: &Rc<Self>, entry_point: EntryPoint, stream: TcpStream, address: SocketAddr) {
        self.connections
            .spawn_local(connection::serve(self.clone(), entry_point, stream, address));
    }
}

/// Header timeouts are the connection's own affair: the library's would start a timer for every request.
fn http1_builder(settings: &Settings) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.header_read_timeout(None);
    builder.max_buf_size(settings.limits.header_bytes.max(8192));
    builder
}

fn http2_builder(settings: &Settings) -> http2::Builder<LocalExecutor> {
    let mut builder = http2::Builder::new(LocalExecutor);
    builder.max_concurrent_streams(settings.limits.concurrent_streams);
    builder.max_header_list_size(u32::try_from(settings.limits.header_bytes).unwrap_or(u32::MAX));
    builder
}

/// Spawns the library's tasks on the worker's own thread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalExecutor;

impl<F: Future + 'static> hyper::rt::Executor<F> for LocalExecutor {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(async move {
            future.await;
        });
    }
}
