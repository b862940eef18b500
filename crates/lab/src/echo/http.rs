//! HTTP: tells the request as it arrived, as text for people and as JSON for programs.
//!
//! `/status/CODE` answers with that code, `/delay/MILLISECONDS` after that time (at most a minute).

use std::convert::Infallible;
use std::fmt::Write;
use std::io;
use std::time::Duration;

use ::http::header::{ACCEPT, CONNECTION, CONTENT_TYPE};
use ::http::{HeaderValue, Request, Response, StatusCode, Version};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use serde_json::{Map, Value, json};
use tokio::net::TcpStream;

use super::reply::Reply;
use super::shared::Shared;

const LONGEST_DELAY: u64 = 60_000;

/// Serves one connection to its end.
pub(super) async fn serve(stream: TcpStream, mut reply: Reply, shared: Shared) -> io::Result<()> {
    reply.protocol = "HTTP".to_owned();
    let draining = shared.draining.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let (reply, draining) = (reply.clone(), draining.is_cancelled());
        async move { Ok::<_, Infallible>(answer(&request, &reply, draining).await) }
    });
    let builder = Builder::new(TokioExecutor::new());
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shared.closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    ended.map_err(io::Error::other)
}

async fn answer<B>(request: &Request<B>, reply: &Reply, draining: bool) -> Response<Full<Bytes>> {
    let (status, delay) = asked(request.uri().path());
    tokio::time::sleep(delay).await;
    let json = request.headers().get(ACCEPT).is_some_and(|accept| {
        accept
            .to_str()
            .is_ok_and(|accept| accept.contains("application/json"))
    });
    let (body, content) = if json {
        (describe_json(request, reply), "application/json")
    } else {
        (describe_text(request, reply), "text/plain; charset=utf-8")
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content));
    // HTTP/2 has no such header (RFC 9113, 8.2.2); its clients get GOAWAY.
    if draining && request.version() < Version::HTTP_2 {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The status code and delay that a path asks for.
fn asked(path: &str) -> (StatusCode, Duration) {
    let code = path
        .strip_prefix("/status/")
        .and_then(|code| code.parse().ok())
        .and_then(|code: u16| StatusCode::from_u16(code).ok())
        // Others are no final answers (RFC 9110, 15.2): clients would wait on.
        .filter(|code| code.as_u16() >= 200);
    let delay = path
        .strip_prefix("/delay/")
        .and_then(|milliseconds| milliseconds.parse().ok())
        .map(|milliseconds: u64| Duration::from_millis(milliseconds.min(LONGEST_DELAY)));
    (code.unwrap_or(StatusCode::OK), delay.unwrap_or_default())
}

fn describe_text<B>(request: &Request<B>, reply: &Reply) -> String {
    let identity = &reply.identity;
    let mut text = format!(
        "hello from {} on {}\ncontainer {} ({})\nclient {}, server {}\n\n{} {} {:?}\n",
        identity.pod,
        identity.node,
        identity.container,
        identity.image,
        reply.client,
        reply.server,
        request.method(),
        request.uri(),
        request.version()
    );
    for (name, value) in request.headers() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name}: {}", String::from_utf8_lossy(value.as_bytes()));
    }
    text
}

fn describe_json<B>(request: &Request<B>, reply: &Reply) -> String {
    let mut value = serde_json::to_value(reply).unwrap_or_default();
    let mut headers = Map::new();
    for (name, header) in request.headers() {
        let header = String::from_utf8_lossy(header.as_bytes()).into_owned();
        headers.insert(name.to_string(), Value::String(header));
    }
    value["method"] = request.method().as_str().into();
    value["path"] = request.uri().to_string().into();
    value["headers"] = headers.into();
    json!(value).to_string() + "\n"
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::echo::Identity;

    fn reply() -> Reply {
        let identity = Identity {
            pod: "shop/web".to_owned(),
            node: "node-1".to_owned(),
            container: "app".to_owned(),
            image: "web:1".to_owned(),
        };
        let (client, server) = (
            SocketAddr::from(([10, 42, 1, 9], 50000)),
            SocketAddr::from(([10, 42, 1, 2], 80)),
        );
        Reply::new(&identity, "HTTP", client, server)
    }

    #[test]
    fn tells_the_request() {
        let request = Request::get("/a?b=c").header("host", "x").body(()).unwrap();
        assert_eq!(
            describe_text(&request, &reply()),
            "hello from shop/web on node-1\ncontainer app (web:1)\nclient 10.42.1.9, server 10.42.1.2:80\n\nGET /a?b=c HTTP/1.1\nhost: x\n"
        );
        let told: Value = serde_json::from_str(&describe_json(&request, &reply())).unwrap();
        assert_eq!(told["client"], "10.42.1.9");
        assert_eq!(told["headers"]["host"], "x");
        assert_eq!(told["path"], "/a?b=c");
    }

    #[test]
    fn paths_ask_for_codes_and_delays() {
        assert_eq!(
            asked("/status/503"),
            (StatusCode::SERVICE_UNAVAILABLE, Duration::ZERO)
        );
        assert_eq!(asked("/status/100"), (StatusCode::OK, Duration::ZERO));
        assert_eq!(asked("/status/x"), (StatusCode::OK, Duration::ZERO));
        assert_eq!(asked("/delay/20"), (StatusCode::OK, Duration::from_millis(20)));
        assert_eq!(
            asked("/delay/99999999"),
            (StatusCode::OK, Duration::from_secs(60))
        );
    }
}
