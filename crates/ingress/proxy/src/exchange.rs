//! One request and its response.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use http::header::{EXPECT, HOST, HeaderValue};
use http::uri::PathAndQuery;
use http::{Method, Request, Response, StatusCode, Uri, Version};
use hyper::body::Incoming;
use kinglet_ingress_routes::{host, path};
use tracing::Level;

use crate::EntryPoint;
use crate::activity::Activity;
use crate::balancer::Backend;
use crate::body::{Content, RequestBody, ResponseBody};
use crate::forwarded::{self, Origin};
use crate::metrics::Key;
use crate::replies::Reply;
use crate::target::Target;
use crate::worker::Worker;
use crate::{headers, tunnel, upstream};

/// Target of the access log, one line per request at level debug.
const ACCESS: &str = "kinglet::ingress::access";

/// A client connection as its requests see it.
pub(crate) struct Client {
    pub(crate) worker: Rc<Worker>,
    pub(crate) entry_point: EntryPoint,
    pub(crate) address: SocketAddr,
    pub(crate) origin: Origin,
    pub(crate) activity: Arc<Activity>,
}

/// The last user of the connection, be it a tunnel, has gone.
impl Drop for Client {
    fn drop(&mut self) {
        self.worker
            .recorder
            .closed(self.entry_point, self.activity.is_malformed());
    }
}

/// Answers a request.
pub(crate) async fn handle(
    client: Rc<Client>,
    request: Request<Incoming>,
) -> Result<Response<ResponseBody>, Infallible> {
    let mut ticket = Ticket::new(&client, &request);
    Ok(match forward(&client, request, &mut ticket).await {
        Ok(answer) => answer.response(ticket),
        Err(reply) => reply.response(ticket),
    })
}

/// A server's response and the connection that it comes from.
struct Answer {
    response: Response<Incoming>,
    lease: Option<upstream::Lease>,
}

impl Answer {
    fn response(self, mut ticket: Ticket) -> Response<ResponseBody> {
        ticket.set_status(self.response.status());
        let lease = self.lease;
        self.response
            .map(|body| ResponseBody::new(Content::Stream(body), ticket, lease))
    }
}

async fn forward(
    client: &Rc<Client>,
    mut request: Request<Incoming>,
    ticket: &mut Ticket,
) -> Result<Answer, Reply> {
    let backend = route(client, &mut request, ticket)?;
    let upgrade = request.version() == Version::HTTP_11 && headers::is_upgrade(request.headers());
    if upgrade {
        ticket.key.protocol = "websocket";
    }
    let downstream = upgrade.then(|| hyper::upgrade::on(&mut request));
    prepare(client, &mut request, upgrade);
    let request = request.map(RequestBody::from);
    let (mut response, lease) = match upstream::send(&client.worker.pool, &backend, request).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::debug!(service = %backend.service.name, %error, "no response from a server");
            return Err(if client.activity.is_malformed() {
                Reply::BadRequest
            } else {
                error.reply()
            });
        }
    };
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let downstream = downstream.ok_or(Reply::BadGateway)?;
        client.activity.become_tunnel();
        tokio::task::spawn_local(tunnel::join(
            client.clone(),
            downstream,
            hyper::upgrade::on(&mut response),
        ));
        headers::remove_hop_by_hop(response.headers_mut(), true);
        return Ok(Answer {
            response,
            lease: None,
        });
    }
    headers::remove_hop_by_hop(response.headers_mut(), false);
    Ok(Answer { response, lease })
}

/// Checks the request, finds its backend in the present snapshot and gives it the form in which servers get
/// it: a path and a `Host`.
fn route(
    client: &Client,
    request: &mut Request<Incoming>,
    ticket: &mut Ticket,
) -> Result<Arc<Backend>, Reply> {
    let target = Target::read(request)?;
    let snapshot = client.worker.snapshot.load();
    let mut buffer = [0; 255];
    let name = host::canonical(target.authority, &mut buffer);
    let route = snapshot
        .find(name, &path::routing_path(&target.path))
        .ok_or(Reply::NotFound)?;
    ticket.key.router = route.router.clone();
    let backend = route.backend.clone().ok_or(Reply::NotFound)?;
    ticket.key.service = backend.service.name.clone();
    let host = target.from_uri.then(|| HeaderValue::from_str(target.authority));
    let is_in_origin_form = !target.from_uri && target.path == request.uri().path();
    let uri = (!is_in_origin_form).then(|| origin_form(&target.path, request.uri().query()));
    if let Some(uri) = uri.transpose()? {
        *request.uri_mut() = uri;
    }
    if let Some(host) = host.transpose().map_err(|_| Reply::BadRequest)? {
        request.headers_mut().insert(HOST, host);
    }
    Ok(backend)
}

/// `path?query`, the query as the client wrote it.
fn origin_form(path: &str, query: Option<&str>) -> Result<Uri, Reply> {
    let text = match query {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    PathAndQuery::from_maybe_shared(text)
        .map(Uri::from)
        .map_err(|_| Reply::BadRequest)
}

/// Makes the head fit for a server. `Expect` is removed because the library answers it to the client when the
/// body is read.
fn prepare(client: &Client, request: &mut Request<Incoming>, upgrade: bool) {
    let version = std::mem::replace(request.version_mut(), Version::HTTP_11);
    let headers = request.headers_mut();
    headers::remove_hop_by_hop(headers, upgrade);
    if version == Version::HTTP_2 {
        headers::join_cookies(headers);
    }
    headers.remove(EXPECT);
    // An HTTP/1.0 request may lack it; every HTTP/1.1 request needs one (RFC 9112 section 3.2).
    headers.entry(HOST).or_insert(HeaderValue::from_static(""));
    forwarded::apply(headers, &client.origin, upgrade);
}

/// Accounts for a request from its beginning to the end of its response.
pub(crate) struct Ticket {
    client: Rc<Client>,
    start: Instant,
    pub(crate) key: Key,
    /// Bytes of the response's body so far.
    pub(crate) bytes: u64,
    /// What only the access log needs; `None` while that is off.
    access: Option<Box<Access>>,
}

struct Access {
    method: Method,
    host: String,
    path: String,
    version: Version,
}

impl Ticket {
    fn new(client: &Rc<Client>, request: &Request<Incoming>) -> Self {
        client.activity.begin();
        let access = || {
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
                router: client.worker.nothing.clone(),
                service: client.worker.nothing.clone(),
                status: 0,
                method: method_label(request.method()),
                protocol: "http",
            },
            bytes: 0,
            access: tracing::enabled!(target: ACCESS, Level::DEBUG).then(access),
        }
    }

    pub(crate) fn set_status(&mut self, status: StatusCode) {
        self.key.status = status.as_u16();
    }
}

/// The response has ended, or the client has gone; in the latter case without a status the request counts
/// as 499.
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
                entry_point = %self.key.entry_point,
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

/// The method in metrics: clients must not be able to make up label values.
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
