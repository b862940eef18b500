//! What a client connection and each of its requests know: the bottom of this folder.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use http::header::{HOST, HeaderValue};
use http::{Method, Request, StatusCode, Version};
use tokio_util::sync::CancellationToken;
use tracing::Level;

use crate::activity::Activity;
use crate::entry_point::EntryPointId;
use crate::forwarded::ForwardedInfo;
use crate::metrics::{Key, Recorder};
use crate::settings::ProxySettings;
use crate::snapshot::SharedSnapshot;
use crate::upstream::Pool;

/// Target of the access log, one line per request at level debug.
const ACCESS: &str = "kinglet::ingress::access";

/// What the connections of a worker share.
pub(crate) struct WorkerContext {
    pub(crate) settings: Arc<ProxySettings>,
    pub(crate) snapshot: SharedSnapshot,
    pub(crate) recorder: Recorder,
    pub(crate) pool: Rc<Pool>,
    pub(crate) stop: CancellationToken,
    /// `X-Forwarded-Server`.
    pub(crate) hostname: HeaderValue,
    /// The label of requests without a router or service, shared because each request would allocate it.
    pub(crate) no_name: Arc<str>,
}

impl WorkerContext {
    /// The context of a worker that serves until `stop`.
    pub(crate) fn new(
        settings: Arc<ProxySettings>,
        snapshot: SharedSnapshot,
        recorder: Recorder,
        stop: CancellationToken,
    ) -> Self {
        Self {
            snapshot,
            recorder,
            pool: Pool::new(settings.clone()),
            stop,
            hostname: HeaderValue::from_str(&settings.hostname).unwrap_or(HeaderValue::from_static("")),
            no_name: Arc::from(""),
            settings,
        }
    }
}

/// A client connection as its requests see it.
pub(crate) struct Client {
    pub(crate) worker: Rc<WorkerContext>,
    pub(crate) entry_point: EntryPointId,
    pub(crate) address: SocketAddr,
    pub(crate) forwarded: ForwardedInfo,
    pub(crate) activity: Arc<Activity>,
}

impl Client {
    /// The entry point's name, for logs.
    pub(crate) fn entry_point_name(&self) -> &str {
        self.worker.settings.entry_points.name(self.entry_point)
    }
}

/// Dropped with the last user of the connection, which may be a tunnel: only then the connection is closed.
impl Drop for Client {
    fn drop(&mut self) {
        self.worker
            .recorder
            .closed(self.entry_point, self.activity.is_malformed());
    }
}

/// Accounts for a request from its head to the end of its response: whoever holds it last ends the request,
/// so that no way out of the proxy can forget to count.
pub(crate) struct Ticket {
    client: Rc<Client>,
    start: Instant,
    pub(super) key: Key,
    /// Bytes of the response's body so far.
    pub(super) bytes: u64,
    /// What only the access log needs; `None` while that is off, and boxed to keep tickets small.
    access: Option<Box<Access>>,
}

struct Access {
    method: Method,
    host: String,
    path: String,
    version: Version,
}

impl Ticket {
    pub(super) fn new<B>(client: &Rc<Client>, request: &Request<B>) -> Self {
        client.activity.begin();
        let access = || {
            // The target's authority wins over `Host` (RFC 9112 section 3.2.2).
            let host = request.uri().authority().map(|authority| authority.as_str());
            let header = request.headers().get(HOST).and_then(|host| host.to_str().ok());
            Box::new(Access {
                method: request.method().clone(),
                host: host.or(header).unwrap_or_default().to_owned(),
                path: request.uri().path().to_owned(),
                version: request.version(),
            })
        };
        Self {
            client: client.clone(),
            start: Instant::now(),
            key: Key {
                entry_point: client.entry_point,
                router: client.worker.no_name.clone(),
                service: client.worker.no_name.clone(),
                status: 0,
                method: method_label(request.method()),
                protocol: "http",
            },
            bytes: 0,
            access: tracing::enabled!(target: ACCESS, Level::DEBUG).then(access),
        }
    }

    pub(super) fn set_status(&mut self, status: StatusCode) {
        self.key.status = status.as_u16();
    }
}

/// The response has ended, or the client has gone. Without a status it left before there was a response: that
/// counts as 499, as in Traefik and nginx.
impl Drop for Ticket {
    fn drop(&mut self) {
        let now = Instant::now();
        let duration = now.saturating_duration_since(self.start);
        if self.key.status == 0 {
            self.key.status = 499;
        }
        self.client.activity.end(now);
        self.client
            .worker
            .recorder
            .record(&self.key, duration, self.bytes);
        if let Some(access) = &self.access {
            tracing::debug!(
                target: ACCESS,
                entry_point = self.client.entry_point_name(),
                client = %self.client.address,
                method = %access.method,
                host = access.host,
                path = access.path,
                version = ?access.version,
                status = self.key.status,
                bytes = self.bytes,
                micros = duration.as_micros(),
                router = %self.key.router,
                service = %self.key.service,
            );
        }
    }
}

/// The method as a label. Clients choose methods freely, and each new label value would be a series for ever.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::TRACE => "TRACE",
        Method::CONNECT => "CONNECT",
        _ => "EXTENSION_METHOD",
    }
}
