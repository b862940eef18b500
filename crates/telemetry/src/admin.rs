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

use crate::readiness::Readiness;

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
            "/readyz" => self.ready(query.is_some_and(|query| query.contains("verbose"))),
            "/metrics" => self.metrics(),
            _ => text(
                StatusCode::NOT_FOUND,
                "known paths: /healthz, /readyz, /readyz?verbose, /metrics\n",
            ),
        }
    }

    /// 200 when all parts are ready, otherwise 503 and the list of parts in the form of a kube-apiserver's.
    fn ready(&self, verbose: bool) -> Response<Full<Bytes>> {
        let parts = self.readiness.parts();
        let ready = parts.iter().all(|(_, ready)| *ready);
        let code = if ready {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        if ready && !verbose {
            return text(code, "ok\n");
        }
        let lines: String = parts
            .iter()
            .map(|(name, ready)| {
                if *ready {
                    format!("[+] {name}\n")
                } else {
                    format!("[-] {name}: not ready\n")
                }
            })
            .collect();
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
        let response = pages.answer(path, None);
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
        let (code, metrics) = page(&pages, "/metrics").await;
        assert_eq!(code, 200);
        assert!(metrics.contains("kinglet_test_total 1"), "{metrics}");
        assert_eq!(page(&pages, "/other").await.0, 404);
    }
}
