//! One client connection: its protocol, its requests, its timeouts, its end.

use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{sleep_until, timeout};
use tokio_rustls::TlsAcceptor;

use crate::activity::{Activity, TimeoutAction};
use crate::entry_point::EntryPointId;
use crate::exchange::{self, Client, WorkerContext};
use crate::executor::LocalExecutor;
use crate::forwarded::{ForwardedInfo, address_value};
use crate::rewind::{HttpVersion, Rewind};
use crate::settings::ProxySettings;
use crate::validated::ValidatedStream;

/// The protocols that connections may speak, with their settings.
pub(crate) struct Protocols {
    tls: TlsAcceptor,
    http1: http1::Builder,
    http2: http2::Builder<LocalExecutor>,
}

impl Protocols {
    pub(crate) fn new(tls: TlsAcceptor, settings: &ProxySettings) -> Self {
        let mut http1 = http1::Builder::new();
        // `drive` watches over slow heads: the library's timeout would start a timer for every request.
        http1.header_read_timeout(None);
        // The library panics when the limit is below 8 KiB.
        http1.max_buf_size(settings.limits.header_bytes.max(8192));
        let mut http2 = http2::Builder::new(LocalExecutor);
        http2.max_concurrent_streams(settings.limits.concurrent_streams);
        http2.max_header_list_size(u32::try_from(settings.limits.header_bytes).unwrap_or(u32::MAX));
        Self { tls, http1, http2 }
    }
}

/// Serves a connection to its end.
pub(crate) async fn serve(
    worker: Rc<WorkerContext>,
    protocols: Rc<Protocols>,
    entry_point: EntryPointId,
    stream: TcpStream,
    address: SocketAddr,
) {
    worker.recorder.opened(entry_point);
    let settings = worker.settings.entry_points.get(entry_point);
    let tls = settings.is_some_and(|settings| settings.terminates_tls);
    let client = Rc::new(Client {
        entry_point,
        address,
        forwarded: forwarded_info(&worker, address, tls),
        activity: Arc::new(Activity::new(Instant::now())),
        worker,
    });
    let result = if tls {
        over_tls(&client, &protocols, stream).await
    } else {
        clear_text(&client, &protocols, stream).await
    };
    if let Err(error) = result {
        // What the library refuses itself (a bad method, too many headers) never reached the validation of
        // framing.
        if error.is_parse() {
            client.activity.set_malformed();
        }
        let entry_point = client.entry_point_name();
        tracing::debug!(entry_point, client = %address, %error, "connection ended");
    }
}

/// What servers are told about the client; the same for all requests of the connection.
fn forwarded_info(worker: &WorkerContext, address: SocketAddr, tls: bool) -> ForwardedInfo {
    // An IPv4 client of an IPv6 socket comes as `::ffff:192.0.2.1`, which no IPv4 range of the settings
    // holds.
    let ip = address.ip().to_canonical();
    let mut trusted = worker.settings.trusted_ips.iter();
    ForwardedInfo {
        address: address_value(ip),
        trusted: trusted.any(|network| network.contains(&ip)),
        tls,
        hostname: worker.hostname.clone(),
    }
}

/// In clear text the first bytes tell the version of HTTP.
async fn clear_text(client: &Rc<Client>, protocols: &Protocols, stream: TcpStream) -> hyper::Result<()> {
    // A client that connects and sends nothing would otherwise keep a descriptor and a task for ever.
    let limit = client.worker.settings.timeouts.read_header;
    match timeout(limit, Rewind::detect(stream)).await {
        Ok(Ok((version, stream))) => http(client, protocols, version, stream).await,
        Ok(Err(_)) | Err(_) => Ok(()),
    }
}

/// Over TLS the handshake tells the version of HTTP (ALPN, RFC 7301).
async fn over_tls(client: &Rc<Client>, protocols: &Protocols, stream: TcpStream) -> hyper::Result<()> {
    let limit = client.worker.settings.timeouts.read_header;
    match timeout(limit, protocols.tls.accept(stream)).await {
        Ok(Ok(stream)) => {
            let version = match stream.get_ref().1.alpn_protocol() {
                Some(b"h2") => HttpVersion::Http2,
                // Without ALPN a client means HTTP/1.1 (RFC 9113 section 3.2 wants ALPN for HTTP/2 over TLS).
                _ => HttpVersion::Http1,
            };
            http(client, protocols, version, stream).await
        }
        Ok(Err(error)) => {
            tracing::debug!(client = %client.address, %error, "TLS handshake failed");
            Ok(())
        }
        Err(_) => Ok(()),
    }
}

async fn http<T>(
    client: &Rc<Client>,
    protocols: &Protocols,
    version: HttpVersion,
    stream: T,
) -> hyper::Result<()>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    match version {
        HttpVersion::Http1 => http1(client, protocols, stream).await,
        HttpVersion::Http2 => http2(client, protocols, stream).await,
    }
}

async fn http1<T>(client: &Rc<Client>, protocols: &Protocols, stream: T) -> hyper::Result<()>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = TokioIo::new(ValidatedStream::new(stream, client.activity.clone()));
    let service = service_fn(|request| exchange::handle(client.clone(), request));
    let connection = protocols.http1.serve_connection(stream, service).with_upgrades();
    drive(client, connection, |connection| connection.graceful_shutdown()).await
}

async fn http2<T>(client: &Rc<Client>, protocols: &Protocols, stream: T) -> hyper::Result<()>
where
    T: AsyncRead + AsyncWrite + Unpin + 'static,
{
    // HTTP/2 frames are not parsed here, so heads cannot be timed: between requests the connection counts as
    // idle.
    client.activity.head(false);
    let of_request = client.clone();
    let service = service_fn(move |request| exchange::handle(of_request.clone(), request));
    let connection = protocols.http2.serve_connection(TokioIo::new(stream), service);
    drive(client, connection, |connection| connection.graceful_shutdown()).await
}

/// Runs a connection until it ends, is idle or slow for too long, or the proxy stops. `shut_down` lets the
/// library finish the requests that have begun and take no others.
async fn drive<C>(client: &Client, connection: C, shut_down: fn(Pin<&mut C>)) -> hyper::Result<()>
where
    C: Future<Output = hyper::Result<()>>,
{
    let WorkerContext { settings, stop, .. } = &*client.worker;
    let mut connection = pin!(connection);
    // One sleep for all timeouts of the connection; when it wakes, `activity` says what is really due.
    let soonest = settings.timeouts.read_header.min(settings.timeouts.idle);
    let mut due = pin!(sleep_until((Instant::now() + soonest).into()));
    let mut stopped = pin!(stop.cancelled());
    let mut draining = false;
    loop {
        tokio::select! {
            // The connection first: what it reads now counts before its timeouts are judged.
            biased;
            result = connection.as_mut() => return result,
            () = due.as_mut() => match client.activity.timeout_action(Instant::now(), &settings.timeouts) {
                TimeoutAction::Wait(until) => due.as_mut().reset(until.into()),
                TimeoutAction::Drain if !draining => {
                    draining = true;
                    shut_down(connection.as_mut());
                    // A client that ignores GOAWAY or `Connection: close` must not hold the connection open.
                    due.as_mut().reset((Instant::now() + settings.timeouts.read_header).into());
                }
                TimeoutAction::Drain | TimeoutAction::Close => return Ok(()),
            },
            // No deadline here: the worker waits for all its connections together, for the grace period.
            () = stopped.as_mut(), if !draining => {
                draining = true;
                shut_down(connection.as_mut());
            }
        }
    }
}
