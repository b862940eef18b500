//! New connections to servers.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use hyper::client::conn::{http1, http2};
use hyper_util::rt::TokioIo;
use kinglet_ingress_routes::{Scheme, Server, ServerHost};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::spawn_local;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::error::UpstreamError;
use super::pool::{Connection, Pool};
use crate::balancer::Endpoint;
use crate::executor::LocalExecutor;

/// Connects to a server and prepares the connection for requests. A task drives the connection and ends when
/// its last handle is dropped.
pub(super) async fn dial(pool: &Rc<Pool>, endpoint: &Arc<Endpoint>) -> Result<Connection, UpstreamError> {
    // One timeout for TCP and TLS together: a server may accept connections and then hang.
    let connecting = async {
        let stream = tcp(&endpoint.server).await.map_err(UpstreamError::Connect)?;
        match endpoint.scheme {
            Scheme::Http => http1(pool, endpoint, stream).await,
            Scheme::Https => http1(pool, endpoint, tls(pool, &endpoint.server, stream).await?).await,
            Scheme::H2c => http2(pool, endpoint, stream).await,
        }
    };
    timeout(pool.settings.timeouts.connect, connecting)
        .await
        .map_err(|_| UpstreamError::ConnectTimeout)?
}

async fn tcp(server: &Server) -> io::Result<TcpStream> {
    let stream = match &server.host {
        ServerHost::Ip(ip) => TcpStream::connect(SocketAddr::new(*ip, server.port)).await?,
        // Resolved for each connection: the record of an ExternalName may change.
        ServerHost::Name(name) => TcpStream::connect((&**name, server.port)).await?,
    };
    // Nagle's algorithm would delay small bodies until the server has acknowledged their heads.
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn tls(pool: &Pool, server: &Server, stream: TcpStream) -> Result<TlsStream<TcpStream>, UpstreamError> {
    let config = pool.settings.upstream_tls.clone().ok_or(UpstreamError::NoTls)?;
    let name = match &server.host {
        ServerHost::Ip(ip) => ServerName::from(*ip),
        ServerHost::Name(name) => ServerName::try_from(name.to_string())
            .map_err(|error| UpstreamError::Connect(io::Error::new(io::ErrorKind::InvalidInput, error)))?,
    };
    TlsConnector::from(config)
        .connect(name, stream)
        .await
        .map_err(UpstreamError::Connect)
}

async fn http1<T>(pool: &Rc<Pool>, endpoint: &Arc<Endpoint>, stream: T) -> Result<Connection, UpstreamError>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    spawn_local(async move {
        // Without `with_upgrades` the task would end at a 101 and close the socket under the tunnel.
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "connection to a server broke off");
        }
    });
    Ok(Connection::Http1(pool.pooled(endpoint, sender)))
}

async fn http2(
    pool: &Rc<Pool>,
    endpoint: &Arc<Endpoint>,
    stream: TcpStream,
) -> Result<Connection, UpstreamError> {
    let (sender, connection) = http2::handshake(LocalExecutor, TokioIo::new(stream)).await?;
    spawn_local(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "connection to a server broke off");
        }
    });
    // Kept beside this request: HTTP/2 carries those that follow at the same time.
    pool.share(endpoint, sender.clone());
    Ok(Connection::Http2(sender))
}
