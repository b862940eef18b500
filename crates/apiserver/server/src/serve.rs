//! From a request to its answer: who asks, what for, in which representation.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, header};
use http_body_util::{BodyExt, Full};

use crate::auth::{Identity, Review, review};
use crate::discovery;
use crate::error::ApiError;
use crate::http::{Accept, Answer, Body, Payload, Query, RequestBody, Route, Target, read_body};
use crate::inner::Inner;
use crate::kubelet::{self, PodResource};
use crate::verbs::{self, decode};

/// Answers a request.
pub(crate) async fn handle<B>(server: Arc<Inner>, request: Request<B>) -> Response<Body>
where
    B: http_body::Body + Send,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (parts, body) = request.into_parts();
    let body = read_body(&parts.headers, body).await;
    answer(server, parts, body).await
}

/// Sends a request of the administrator and reads the whole answer. For requests of the server to itself.
pub(crate) async fn ask(server: Arc<Inner>, mut request: Request<Full<Bytes>>) -> (u16, Bytes) {
    request.extensions_mut().insert(Identity::admin());
    let response = handle(server, request).await;
    let status = response.status().as_u16();
    let Ok(body) = response.into_body().collect().await;
    (status, body.to_bytes())
}

/// Answers a request whose body was read, or could not be read.
async fn answer(server: Arc<Inner>, parts: Parts, body: Result<RequestBody, ApiError>) -> Response<Body> {
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    let route = Route::parse(parts.uri.path());
    let (accept, outcome) = match Accept::negotiate(&parts.headers, &query) {
        Ok(accept) => {
            let outcome = answer_route(server, &parts, route, query, accept.clone(), body).await;
            (accept, outcome)
        }
        // Old clients take it in protobuf only.
        Err(_) if route == Route::OpenApiV2 => (Accept::json(), Ok(discovery::openapi_v2())),
        // What is not there cannot be had in any representation.
        Err(_) if route == Route::Unknown => (Accept::json(), Ok(page_not_found())),
        Err(error) => (Accept::json(), Err(error)),
    };
    outcome
        .unwrap_or_else(|error| Answer::error(&error))
        .into_response(&accept)
}

async fn answer_route(
    server: Arc<Inner>,
    parts: &Parts,
    route: Route,
    query: Query,
    accept: Accept,
    body: Result<RequestBody, ApiError>,
) -> Result<Answer, ApiError> {
    // Open to everybody, as in Kubernetes: load balancers and clients probe them without credentials.
    match route {
        Route::Health => return Ok(health(&server, parts.uri.path(), &query)),
        Route::Version => return Ok(Answer::ok(Payload::Value(discovery::version()))),
        _ => {}
    }
    let identity = authenticate(&server, parts)?;
    refuse_impersonation(&parts.headers)?;
    let body = body?;
    if let Route::Objects(target) = route {
        return objects(server, parts, query, accept, identity, body, target).await;
    }
    if parts.method != Method::GET {
        return Err(ApiError::method_not_allowed());
    }
    let kinds = server.kinds.get();
    match route {
        Route::Root => Ok(Answer::ok(Payload::Value(discovery::root(&kinds)))),
        Route::CoreVersions => Ok(discovery::core_versions(&kinds, &accept, &parts.headers)),
        Route::Groups => Ok(discovery::group_list(&kinds, &accept, &parts.headers)),
        Route::Group(name) => Ok(discovery::group(&kinds, &name).unwrap_or_else(page_not_found)),
        Route::GroupVersion { group, version } => {
            discovery::resources(&kinds, &group, &version).ok_or_else(ApiError::unknown_resource)
        }
        Route::OpenApiV2 => Ok(discovery::openapi_v2()),
        Route::OpenApi(path) => server.documents.answer(&kinds, &path, &query, &parts.headers),
        _ => Ok(page_not_found()),
    }
}

/// 404 for a path that is none of the API's.
fn page_not_found() -> Answer {
    Answer::new(404, Payload::Text("404 page not found\n".to_owned()))
}

async fn objects(
    server: Arc<Inner>,
    parts: &Parts,
    query: Query,
    accept: Accept,
    identity: Identity,
    body: RequestBody,
    target: Target,
) -> Result<Answer, ApiError> {
    if !identity.is_admin() {
        let why = format!("User {:?} is not an administrator", identity.user);
        let name = target.name.as_deref().unwrap_or_default();
        return Err(ApiError::forbidden(&target.group, &target.plural, name, why));
    }
    if let Some(kind) = Review::find(&target.group, &target.version, &target.plural) {
        if parts.method != Method::POST {
            return Err(ApiError::method_not_allowed());
        }
        let object = decode(&body, kind.kind, None)?.object;
        let answer = review(kind, object, &identity, &server.authority);
        return Ok(Answer::new(201, Payload::Value(answer)));
    }
    if let (Some(client), Some(resource)) = (&server.settings.kubelets, PodResource::of(&target)) {
        return kubelet::answer(&server, client, parts, &target, &query, resource).await;
    }
    let request = verbs::Request {
        method: parts.method.clone(),
        target,
        query,
        accept,
        agent: header_text(&parts.headers, header::USER_AGENT.as_str()).to_owned(),
        body,
    };
    verbs::dispatch(server, request).await
}

/// The sender: an identity from the transport (client certificate, or in process), or the owner of the bearer
/// token.
fn authenticate(server: &Inner, parts: &Parts) -> Result<Identity, ApiError> {
    if let Some(identity) = parts.extensions.get::<Identity>() {
        return Ok(identity.clone());
    }
    let authorization = header_text(&parts.headers, header::AUTHORIZATION.as_str());
    authorization
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .and_then(|(_, token)| server.authority.identity_of_token(token.trim()))
        .ok_or_else(|| ApiError::new(401, "Unauthorized", "Unauthorized"))
}

/// Only administrators exist here, and RBAC objects are not enforced: to answer as another user would say yes
/// to everything, which is worse than no answer.
fn refuse_impersonation(headers: &HeaderMap) -> Result<(), ApiError> {
    let asked = headers
        .keys()
        .find(|name| name.as_str().starts_with("impersonate-"));
    let Some(header) = asked else { return Ok(()) };
    let (resource, name) = match header.as_str() {
        "impersonate-user" => ("users", header_text(headers, header.as_str())),
        "impersonate-group" => ("groups", header_text(headers, header.as_str())),
        "impersonate-uid" => ("uids", header_text(headers, header.as_str())),
        other => ("userextras", other),
    };
    let why = "this API server cannot act or answer as somebody else: it stores RBAC objects but does not \
               enforce them, and whoever authenticates is an administrator";
    Err(ApiError::forbidden("", resource, name, why))
}

fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// `ok`, or with `verbose` the list of checks. The store is loaded before the server answers; what may fail
/// later is the disk. That is no reason to start the process anew, so `/livez` does not tell of it.
fn health(server: &Inner, path: &str, query: &Query) -> Answer {
    let mut parts = path.trim_matches('/').split('/');
    let name = parts.next().unwrap_or_default();
    let check = parts.next();
    if check.is_some_and(|check| !matches!(check, "ping" | "log" | "store")) {
        return page_not_found();
    }
    let concerned = name != "livez" && check.is_none_or(|check| check == "store");
    match server.store.problem().filter(|_| concerned) {
        Some(problem) => {
            let checks = format!("[+]ping ok\n[+]log ok\n[-]store failed: {}\n", problem.message);
            Answer::new(500, Payload::Text(format!("{checks}{name} check failed\n")))
        }
        None if query.get("verbose").is_some() => {
            let checks = "[+]ping ok\n[+]log ok\n[+]store ok\n";
            Answer::ok(Payload::Text(format!("{checks}{name} check passed\n")))
        }
        None => Answer::ok(Payload::Text("ok".to_owned())),
    }
}
