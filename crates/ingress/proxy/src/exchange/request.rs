//! The way of a request: checked, routed, sent to a server, answered.

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
                Reply::from(&error)
            });
        }
    };
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let downstream = downstream.ok_or(Reply::BadGateway)?;
        client.activity.become_tunnel();
        tokio::task::spawn_local(upgrade::join(
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
