//! The admin HTTP server: `/healthz`, `/readyz`, `/metrics`.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::readiness::{Part, Readiness};

/// Content type of `/metrics` (OpenMetrics 1.0).
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A bound admin server.
#[derive(Debug)]
pub struct AdminServer {
    listener: TcpListener,
}

impl AdminServer {
    /// Binds the address.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            listener: TcpListener::bind(address).await?,
        })
    }

    /// The bound address.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` is cancelled.
    pub async fn serve(self, registry: Registry, readiness: Readiness, stop: CancellationToken) {
        let pages = Arc::new(Pages { registry, readiness });
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = stop.cancelled() => return,
            };
            match accepted {
                Ok((stream, _)) => drop(tokio::spawn(connection(stream, pages.clone()))),
                Err(error) => {
                    debug!(%error, "cannot accept a connection to the admin server");
                    // Without file descriptors accept fails at once: others must get their turn.
                    tokio::task::yield_now().await;
                }
            }
        }
    }
}

async fn connection(stream: TcpStream, pages: Arc<Pages>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = pages.answer(request.uri().path(), request.uri().query());
        async move { Ok::<_, Infallible>(answer) }
    });
    if let Err(error) = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await
    {
        debug!(%error, "a connection to the admin server failed");
    }
}

struct Pages {
    registry: Registry,
    readiness: Readiness,
}

impl Pages {
    fn answer(&self, path: &str, query: Option<&str>) -> Response<Full<Bytes>> {
        match path {
            // Whether the process runs, not whether it is ready: a kubelet restarts it if this fails, and
            // waiting for an API server that is away is no reason to restart.
            "/healthz" => text(StatusCode::OK, "ok\n"),
            "/readyz" => self.ready(query.unwrap_or_default()),
            "/metrics" => self.metrics(),
            _ => text(
                StatusCode::NOT_FOUND,
                "known paths: /healthz, /readyz, /readyz?verbose, /metrics\n",
            ),
        }
    }

    /// 200 when all parts are ready, otherwise 503 and the list of parts; in the form, and with the
    /// parameters `verbose` and `exclude`, of a kube-apiserver.
    fn ready(&self, query: &str) -> Response<Full<Bytes>> {
        let excluded: Vec<String> = excluded(query).collect();
        let is_excluded = |part: &Part| excluded.iter().any(|name| name == part.name);
        let parts = self.readiness.parts();
        let ready = parts
            .iter()
            .all(|part| part.problem.is_none() || is_excluded(part));
        let code = if ready {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        if ready && !query.contains("verbose") {
            return text(code, "ok\n");
        }
        let line = |part: &Part| match (&part.problem, is_excluded(part)) {
            (_, true) => format!("[+] {} excluded\n", part.name),
            (None, _) => format!("[+] {}\n", part.name),
            (Some(problem), _) => format!("[-] {}: {problem}\n", part.name),
        };
        let lines: String = parts.iter().map(line).collect();
        text(code, &lines)
    }

    fn metrics(&self) -> Response<Full<Bytes>> {
        // Encoded whole first, so that an error is a status and not half a page.
        let mut page = String::new();
        match encode(&mut page, &self.registry) {
            Ok(()) => response(StatusCode::OK, OPEN_METRICS, page),
            Err(error) => text(
                StatusCode::INTERNAL_SERVER_ERROR,
                &format!("cannot encode metrics: {error}\n"),
            ),
        }
    }
}

/// The parts that a query leaves out: `exclude=watches`, as often as it takes.
fn excluded(query: &str) -> impl Iterator<Item = String> {
    let values = query
        .split('&')
        .filter_map(|parameter| parameter.strip_prefix("exclude="));
    // Names of parts have spaces, and no other character that a URL must hide.
    values.map(|name| name.replace("%20", " ").replace('+', " "))
}

fn text(code: StatusCode, body: &str) -> Response<Full<Bytes>> {
    response(code, "text/plain; charset=utf-8", body.to_owned())
}

fn response(code: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = code;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static(content_type),
    );
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    async fn page(pages: &Pages, path: &str) -> (u16, String) {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let response = pages.answer(path, Some(query));
        let code = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (code, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn pages_answer() {
        let mut registry = Registry::default();
        let counter = prometheus_client::metrics::counter::Counter::<u64>::default();
        registry.register("kinglet_test", "A test", counter.clone());
        counter.inc();
        let readiness = Readiness::default();
        let gate = readiness.gate("dns");
        let pages = Pages { registry, readiness };

        assert_eq!(page(&pages, "/healthz").await, (200, "ok\n".to_owned()));
        assert_eq!(
            page(&pages, "/readyz").await,
            (503, "[-] dns: not ready\n".to_owned())
        );
        gate.open();
        assert_eq!(page(&pages, "/readyz").await, (200, "ok\n".to_owned()));
        pages
            .readiness
            .check("services lag", || Some("a change waits".to_owned()));
        let waits = "[+] dns\n[-] services lag: a change waits\n".to_owned();
        assert_eq!(page(&pages, "/readyz").await, (503, waits));
        let excluded = "/readyz?exclude=services%20lag";
        assert_eq!(page(&pages, excluded).await, (200, "ok\n".to_owned()));
        let verbose = "[+] dns\n[+] services lag excluded\n".to_owned();
        assert_eq!(page(&pages, &format!("{excluded}&verbose")).await, (200, verbose));
        let (code, metrics) = page(&pages, "/metrics").await;
        assert_eq!(code, 200);
        assert!(metrics.contains("kinglet_test_total 1"), "{metrics}");
        assert_eq!(page(&pages, "/other").await.0, 404);
    }
}
