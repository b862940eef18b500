//! The proxy as the composition root sees it: bind, then serve.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

pub use crate::certificates::DefaultCertificateError;
use crate::certificates::{Resolver, default_certificate};
use crate::entry_point::{EntryPoint, listener};
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::snapshot::SharedSnapshot;
use crate::worker::{self, Assignment};

/// A proxy that holds its addresses but does not serve yet.
#[derive(Debug)]
pub struct Proxy {
    settings: Arc<Settings>,
    metrics: Metrics,
    default_certificate: Arc<rustls::sign::CertifiedKey>,
    web: Vec<TcpListener>,
    websecure: Vec<TcpListener>,
}

/// Why the proxy cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// An entry point's address is taken or not ours.
    #[error("entry point {entry_point} cannot listen on {address}: {source}")]
    Listen {
        /// Which entry point.
        entry_point: EntryPoint,
        /// Which address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// There is no default certificate.
    #[error("the default certificate cannot be made: {0}")]
    DefaultCertificate(#[from] DefaultCertificateError),
}

/// Why the proxy ended early.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// TLS cannot be configured with the given provider.
    #[error("TLS cannot be configured: {0}")]
    Tls(#[from] rustls::Error),
    /// A worker thread could not be started, or its runtime could not.
    #[error("a worker cannot start: {0}")]
    Worker(#[from] io::Error),
    /// A worker thread died.
    #[error("a worker ended unexpectedly")]
    Died,
}

impl Proxy {
    /// Takes the addresses of both entry points and makes the default certificate.
    pub fn bind(settings: Settings) -> Result<Self, BindError> {
        let listen = |entry_point, address| {
            listener::bind(address, settings.workers.get()).map_err(|source| BindError::Listen {
                entry_point,
                address,
                source,
            })
        };
        Ok(Self {
            web: listen(EntryPoint::Web, settings.web)?,
            websecure: listen(EntryPoint::Websecure, settings.websecure)?,
            default_certificate: default_certificate(&settings.provider)?,
            metrics: Metrics::default(),
            settings: Arc::new(settings),
        })
    }

    /// The address of an entry point: the one of the settings, with the real port if that was 0.
    pub fn address(&self, entry_point: EntryPoint) -> SocketAddr {
        let (sockets, wanted) = match entry_point {
            EntryPoint::Web => (&self.web, self.settings.web),
            EntryPoint::Websecure => (&self.websecure, self.settings.websecure),
        };
        sockets
            .first()
            .and_then(|socket| socket.local_addr().ok())
            .unwrap_or(wanted)
    }

    /// The metrics, to be registered as a collector.
    pub fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }

    /// Serves until `stop`, then lets requests finish within their grace. Dropping the future stops the proxy
    /// too.
    pub async fn serve(self, snapshot: SharedSnapshot, stop: CancellationToken) -> Result<(), ServeError> {
        let acceptor = self.acceptor(&snapshot)?;
        let stop = stop.child_token();
        let _stop_when_dropped = stop.clone().drop_guard();
        let mut workers = Vec::new();
        for (number, (web, websecure)) in self.web.into_iter().zip(self.websecure).enumerate() {
            let assignment = Assignment {
                settings: self.settings.clone(),
                snapshot: snapshot.clone(),
                recorder: self.metrics.recorder(),
                acceptor: acceptor.clone(),
                stop: stop.clone(),
                web,
                websecure,
            };
            workers.push(start(number, assignment)?);
        }
        for worker in workers {
            worker.await.map_err(|_| ServeError::Died)??;
        }
        Ok(())
    }

    fn acceptor(&self, snapshot: &SharedSnapshot) -> Result<TlsAcceptor, rustls::Error> {
        let resolver = Resolver {
            snapshot: snapshot.clone(),
            default: self.default_certificate.clone(),
        };
        let mut config = ServerConfig::builder_with_provider(self.settings.provider.clone())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(resolver));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

/// Starts a worker thread; the receiver gets its result.
fn start(number: usize, assignment: Assignment) -> io::Result<oneshot::Receiver<io::Result<()>>> {
    let (done, result) = oneshot::channel();
    std::thread::Builder::new()
        .name(format!("ingress-{number}"))
        .spawn(move || {
            // A receiver that is gone means that nobody waits any more.
            let _ = done.send(worker::run(assignment));
        })?;
    Ok(result)
}
