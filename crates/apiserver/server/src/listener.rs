//! The TLS listener: accepts connections, learns who is at the other end, and serves HTTP/1.1 and HTTP/2.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::{AuthorityError, Identity};
use crate::bootstrap;
use crate::error::ApiError;
use crate::inner::Inner;
use crate::serve;

/// Time that a client has for the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Time that open requests have to end at shutdown.
const GRACE: Duration = Duration::from_secs(5);
/// Pause after a failed accept: usually a lack of file descriptors, which does not go away at once.
const PAUSE: Duration = Duration::from_millis(100);

/// The listener cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The address is taken or not ours.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The wanted address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The TLS configuration.
    #[error(transparent)]
    Tls(#[from] AuthorityError),
    /// The Service `kubernetes` cannot be pointed to the listener.
    #[error("Service default/kubernetes: {0}")]
    Service(#[source] ApiError),
}

/// A bound listener that does not serve yet: connections wait.
pub struct Listening {
    server: Arc<Inner>,
    listener: StdListener,
    address: SocketAddr,
    tls: Tls,
}

/// How connections are accepted, and whose certificates tell who is at the other end.
#[derive(Clone)]
struct Tls {
    acceptor: TlsAcceptor,
    verifier: Arc<dyn ClientCertVerifier>,
}

impl Listening {
    pub(crate) fn bind(server: Arc<Inner>) -> Result<Self, BindError> {
        let address = server.settings.listen;
        let failed = |source| BindError::Listen { address, source };
        let tls = Tls {
            acceptor: TlsAcceptor::from(Arc::new(server.authority.tls()?)),
            verifier: server.authority.verifier()?,
        };
        let listener = StdListener::bind(address).map_err(failed)?;
        // tokio takes over non-blocking sockets only.
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        // A second listener of the same server leaves the first one's address in place.
        let _first = server.bound.set(address);
        bootstrap::point_to_listener(&server).map_err(BindError::Service)?;
        Ok(Self {
            server,
            listener,
            address,
            tls,
        })
    }

    /// The bound address.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the token is cancelled, then gives open requests a few seconds to end. Watches end at
    /// once.
    pub async fn serve(self, stop: CancellationToken) -> io::Result<()> {
        let listener = TcpListener::from_std(self.listener)?;
        let tasks = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stop.cancelled() => break,
            };
            match accepted {
                Ok((stream, _)) => {
                    tasks.spawn(connection(
                        self.server.clone(),
                        self.tls.clone(),
                        stream,
                        stop.clone(),
                    ));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection of the API server");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        // Watches never end by themselves: they would use up the grace period of all other requests.
        self.server.stop.cancel();
        tasks.close();
        if tokio::time::timeout(GRACE, tasks.wait()).await.is_err() {
            tracing::info!("connections of the API server are closed although requests are open");
        }
        Ok(())
    }
}

impl Tls {
    /// Who has a certificate of this server's authority. Others may still have a token.
    fn identity(&self, chain: &[CertificateDer<'_>]) -> Option<Identity> {
        let (certificate, intermediates) = chain.split_first()?;
        let verified = self
            .verifier
            .verify_client_cert(certificate, intermediates, UnixTime::now());
        verified.ok().and_then(|_| Identity::of_certificate(certificate))
    }
}

async fn connection(server: Arc<Inner>, tls: Tls, stream: TcpStream, stop: CancellationToken) {
    // Watch events are small and must not wait for more.
    let _best_effort = stream.set_nodelay(true);
    let stream = match tokio::time::timeout(HANDSHAKE, tls.acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%error, "TLS handshake with the API server failed"),
        Err(_) => return tracing::debug!("TLS handshake with the API server timed out"),
    };
    let (_, session) = stream.get_ref();
    let identity = session.peer_certificates().and_then(|chain| tls.identity(chain));
    let service = service_fn(move |mut request: Request<Incoming>| {
        let server = server.clone();
        if let Some(identity) = &identity {
            request.extensions_mut().insert(identity.clone());
        }
        async move { Ok::<_, Infallible>(serve::handle(server, request).await) }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    // Without timers hyper has no limit on the time for a request's head.
    builder.http1().timer(TokioTimer::new());
    builder.http2().timer(TokioTimer::new());
    // Exec, attach and port-forward turn HTTP/1.1 connections into others.
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = stop.cancelled() => {
            // HTTP/2 clients get GOAWAY and finish what they have begun.
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection of the API server ended early");
    }
}
