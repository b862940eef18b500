//! The proxy as the composition root sees it: bind, then serve.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use kinglet_ingress_tls::{DefaultCertificate, DefaultCertificateError, server_config};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::entry_point::{EntryPoint, EntryPointId, listener};
use crate::metrics::Metrics;
use crate::settings::ProxySettings;
use crate::snapshot::SharedSnapshot;
use crate::worker::{self, Assignment};

/// A proxy that holds its addresses but does not serve yet.
#[derive(Debug)]
pub struct Proxy {
    settings: Arc<ProxySettings>,
    metrics: Metrics,
    default_certificate: DefaultCertificate,
    /// The listening sockets of every worker.
    workers: Vec<Vec<(EntryPointId, TcpListener)>>,
}

/// Why the proxy cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// An entry point's address is taken or not ours.
    #[error("entry point {entry_point} cannot listen on {address}: {source}")]
    Listen {
        /// Name of the entry point.
        entry_point: Arc<str>,
        /// Which address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// There is no default certificate.
    #[error("cannot generate the default certificate: {0}")]
    DefaultCertificate(#[from] DefaultCertificateError),
}

/// Why the proxy ended early.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// TLS cannot be configured with the given provider.
    #[error("cannot configure TLS for clients: {0}")]
    Tls(#[from] rustls::Error),
    /// A worker thread could not be started, or its runtime could not.
    #[error("cannot start a worker thread: {0}")]
    Worker(#[from] io::Error),
    /// A worker thread panicked.
    #[error("a worker thread panicked; the log tells where")]
    Died,
}

impl Proxy {
    /// Takes the addresses of all entry points and makes the default certificate.
    pub fn bind(settings: ProxySettings) -> Result<Self, BindError> {
        Ok(Self {
            workers: listen(&settings)?,
            default_certificate: DefaultCertificate::generate(&settings.provider)?,
            metrics: Metrics::new(&settings.entry_points),
            settings: Arc::new(settings),
        })
    }

    /// The address of the entry point of that name: the one of the settings, with the real port if that was
    /// 0.
    pub fn address(&self, entry_point: &str) -> Option<SocketAddr> {
        let named = |(_, settings): &(_, &EntryPoint)| &*settings.name == entry_point;
        let (wanted, settings) = self.settings.entry_points.iter().find(named)?;
        let mut sockets = self.workers.first().into_iter().flatten();
        let bound = sockets
            .find(|(id, _)| *id == wanted)
            .and_then(|(_, socket)| socket.local_addr().ok());
        Some(bound.unwrap_or(settings.address))
    }

    /// The metrics, to be registered as a collector.
    pub fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }

    /// Serves until `stop`, then lets requests finish within their grace. Dropping the future stops the proxy
    /// too.
    pub async fn serve(self, snapshot: SharedSnapshot, stop: CancellationToken) -> Result<(), ServeError> {
        let acceptor = self.acceptor(&snapshot)?;
        // A token of its own: dropping this future must end the threads, but not what else `stop` ends.
        let stop = stop.child_token();
        let _stop_when_dropped = stop.clone().drop_guard();
        let mut workers = Vec::new();
        for (number, listeners) in self.workers.into_iter().enumerate() {
            let assignment = Assignment {
                settings: self.settings.clone(),
                snapshot: snapshot.clone(),
                recorder: self.metrics.recorder(),
                acceptor: acceptor.clone(),
                stop: stop.clone(),
                listeners,
            };
            workers.push(start(number, assignment)?);
        }
        for worker in workers {
            worker.await.map_err(|_| ServeError::Died)??;
        }
        Ok(())
    }

    fn acceptor(&self, snapshot: &SharedSnapshot) -> Result<TlsAcceptor, rustls::Error> {
        let snapshot = snapshot.clone();
        // Looked up for each handshake: a new certificate needs no new listener.
        let current = move || snapshot.load().certificates.clone();
        let (provider, default) = (self.settings.provider.clone(), self.default_certificate.clone());
        Ok(TlsAcceptor::from(Arc::new(server_config(
            provider, default, current,
        )?)))
    }
}

/// The sockets of every worker, one for each entry point.
fn listen(settings: &ProxySettings) -> Result<Vec<Vec<(EntryPointId, TcpListener)>>, BindError> {
    let count = settings.workers.get();
    let mut workers: Vec<_> = (0..count).map(|_| Vec::new()).collect();
    for (id, entry_point) in settings.entry_points.iter() {
        let address = entry_point.address;
        let sockets = listener::bind(address, count).map_err(|source| BindError::Listen {
            entry_point: entry_point.name.clone(),
            address,
            source,
        })?;
        for (worker, socket) in workers.iter_mut().zip(sockets) {
            worker.push((id, socket));
        }
    }
    Ok(workers)
}

/// Starts a worker thread; the receiver gets its result.
fn start(number: usize, assignment: Assignment) -> io::Result<oneshot::Receiver<io::Result<()>>> {
    let (done, result) = oneshot::channel();
    std::thread::Builder::new()
        .name(format!("ingress-{number}"))
        .spawn(move || {
            // Sending fails only when `serve` was dropped, and then nobody wants the result.
            let _ = done.send(worker::run(assignment));
        })?;
    Ok(result)
}
