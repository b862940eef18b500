//! The way of a request: check, route, send to a server, respond.

use std::convert::Infallible;
use std::rc::Rc;
use std::sync::Arc;

use http::header::{EXPECT, HOST, HeaderValue};
use http::uri::PathAndQuery;
use http::{Request, Response, StatusCode, Uri, Version};
use hyper::body::Incoming;
use kinglet_ingress_routes::{host, path};

use super::context::{Client, Ticket};
use super::reply::Reply;
use super::response::{Content, ResponseBody};
use super::target::Target;
use super::upgrade;
use crate::balancer::Backend;
use crate::upstream::RequestBody;
use crate::{forwarded, headers, upstream};

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
    connection: Option<upstream::PooledConnection>,
}

impl Answer {
    fn response(self, mut ticket: Ticket) -> Response<ResponseBody> {
        ticket.set_status(self.response.status());
        let connection = self.connection;
        self.response
            .map(|body| ResponseBody::new(Content::Stream(body), ticket, connection))
    }
}

async fn forward(
    client: &Rc<Client>,
    mut request: Request<Incoming>,
    ticket: &mut Ticket,
) -> Result<Answer, Reply> {
    let backend = route(client, &mut request, ticket)?;
    // HTTP/2 has no `Upgrade` (RFC 9113 section 8.6), HTTP/1.0 ignores it (RFC 9110 section 7.8).
    let upgrade = request.version() == Version::HTTP_11 && headers::is_upgrade(request.headers());
    if upgrade {
        ticket.key.protocol = "websocket";
    }
    // Taken before the request moves on: the library keeps the client's side of the upgrade in its
    // extensions.
    let downstream = upgrade.then(|| hyper::upgrade::on(&mut request));
    prepare(client, &mut request, upgrade);
    let request = request.map(RequestBody::from);
    let (mut response, connection) = match upstream::send(&client.worker.pool, &backend, request).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::debug!(service = %backend.service.name, %error, "no response from a server");
            // A malformed chunk looks like a body that broke off; it is the client's fault, not the server's.
            return Err(if client.activity.is_malformed() {
                Reply::BadRequest
            } else {
                Reply::from(&error)
            });
        }
    };
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        // A 101 that the client did not ask for would turn its next request into bytes of a tunnel.
        let downstream = downstream.ok_or(Reply::BadGateway)?;
        // Before the client can send: its first bytes after the 101 must not be scanned as HTTP.
        client.activity.become_tunnel();
        tokio::task::spawn_local(upgrade::join(
            client.clone(),
            downstream,
            hyper::upgrade::on(&mut response),
        ));
        headers::remove_hop_by_hop(response.headers_mut(), true);
        // The server's connection belongs to the tunnel now and never goes back to the pool.
        return Ok(Answer {
            response,
            connection: None,
        });
    }
    headers::remove_hop_by_hop(response.headers_mut(), false);
    Ok(Answer { response, connection })
}

/// Checks the request, finds its backend in the current snapshot and gives it the form in which servers get
/// it: a path and a `Host`.
fn route(
    client: &Client,
    request: &mut Request<Incoming>,
    ticket: &mut Ticket,
) -> Result<Arc<Backend>, Reply> {
    let target = Target::read(request)?;
    let snapshot = client.worker.snapshot.load();
    // On the stack: canonical hosts of ordinary requests need no allocation.
    let mut buffer = [0; 255];
    let name = host::canonical(target.authority, &mut buffer);
    let route = snapshot
        .find(name, &path::routing_path(&target.path))
        .ok_or(Reply::NotFound)?;
    // Noted step by step, so that a 404 of a known router is counted under its name.
    ticket.key.router = route.router.clone();
    let backend = route.backend.clone().ok_or(Reply::NotFound)?;
    ticket.key.service = backend.service.name.clone();
    // A target with an authority replaces whatever `Host` says (RFC 9112 section 3.2.2).
    let host = target.from_uri.then(|| HeaderValue::from_str(target.authority));
    // Servers get the normalised path, the one that was routed: they must not read it differently. In the
    // common case it is what the client sent, and nothing is copied.
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

/// Makes the head fit for a server.
fn prepare(client: &Client, request: &mut Request<Incoming>, upgrade: bool) {
    // The version is of one connection (RFC 9110 section 2.5); the one to the server speaks HTTP/1.1 or
    // HTTP/2.
    let version = std::mem::replace(request.version_mut(), Version::HTTP_11);
    let headers = request.headers_mut();
    headers::remove_hop_by_hop(headers, upgrade);
    if version == Version::HTTP_2 {
        headers::join_cookies(headers);
    }
    // The library sends 100 Continue to the client when the body is first read; a server must not send
    // another.
    headers.remove(EXPECT);
    // An HTTP/1.0 request may lack it; every HTTP/1.1 request needs one (RFC 9112 section 3.2).
    headers.entry(HOST).or_insert(HeaderValue::from_static(""));
    // Last, so that `Connection` of the client cannot name these headers away.
    forwarded::apply(headers, &client.forwarded, upgrade);
}
