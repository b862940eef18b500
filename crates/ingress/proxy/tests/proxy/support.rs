//! A running proxy, servers behind it, and raw clients.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use kinglet_ingress_proxy::settings::ProxySettings;
use kinglet_ingress_proxy::{Metrics, Proxy, ProxySnapshot, ServeError, SharedSnapshot, WEB, WEBSECURE};
use kinglet_ingress_routes::{Configuration, HostMatcher, PathMatcher, Router, Scheme, Server, Service};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How long anything may take before a test fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// A proxy on ports of its own.
pub(crate) struct TestProxy {
    pub(crate) web: SocketAddr,
    pub(crate) websecure: SocketAddr,
    pub(crate) snapshot: SharedSnapshot,
    pub(crate) stop: CancellationToken,
    pub(crate) metrics: Metrics,
    pub(crate) task: JoinHandle<Result<(), ServeError>>,
}

pub(crate) fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

pub(crate) fn settings() -> ProxySettings {
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut settings = ProxySettings::new(any_port, any_port, provider());
    settings.hostname = "test-node".to_owned();
    settings
}

impl TestProxy {
    pub(crate) fn start(configuration: &Configuration) -> Self {
        Self::with_settings(configuration, settings())
    }

    pub(crate) fn with_settings(configuration: &Configuration, settings: ProxySettings) -> Self {
        let proxy = Proxy::bind(settings).unwrap();
        let snapshot = ProxySnapshot::shared(provider());
        ProxySnapshot::publish(&snapshot, configuration);
        let stop = CancellationToken::new();
        Self {
            web: proxy.address(WEB).unwrap(),
            websecure: proxy.address(WEBSECURE).unwrap(),
            metrics: proxy.metrics(),
            task: tokio::spawn(proxy.serve(snapshot.clone(), stop.clone())),
            snapshot,
            stop,
        }
    }

    /// The answer to raw bytes, until the proxy closes the connection.
    pub(crate) async fn raw(&self, request: &str) -> String {
        raw(self.web, request).await
    }

    /// The answer to a GET with `Connection: close`.
    pub(crate) async fn get(&self, host: &str, path: &str) -> String {
        self.raw(&format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        ))
        .await
    }

    /// The metrics as text.
    pub(crate) fn metrics_text(&self) -> String {
        let mut registry = prometheus_client::registry::Registry::default();
        registry.register_collector(Box::new(self.metrics.clone()));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        text
    }
}

/// A configuration of `(host, path prefix, servers)`.
pub(crate) fn routes(routes: &[(&str, &str, &[SocketAddr])]) -> Configuration {
    routes_by(Scheme::Http, routes)
}

pub(crate) fn routes_by(scheme: Scheme, routes: &[(&str, &str, &[SocketAddr])]) -> Configuration {
    let mut configuration = Configuration::default();
    for (host, path, servers) in routes {
        let name: Arc<str> = format!("{host}{path}").into();
        configuration.routers.push(Router {
            name: name.clone(),
            host: HostMatcher::parse(host).unwrap(),
            path: PathMatcher::prefix(path).unwrap(),
            service: Some(name.clone()),
        });
        let servers = servers.iter().map(|address| Server::from(*address)).collect();
        configuration.services.insert(
            name.clone(),
            Arc::new(Service {
                name,
                scheme,
                servers,
            }),
        );
    }
    configuration
}

pub(crate) async fn raw(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    read_to_end(&mut stream).await
}

/// Everything until the other side closes, a reset counting as closing.
pub(crate) async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let reading = async {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            answer.extend_from_slice(&buffer[..count]);
        }
    };
    timeout(DEADLINE, reading)
        .await
        .expect("the connection was not closed in time");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Reads until the text ends as given.
pub(crate) async fn read_until(stream: &mut (impl AsyncReadExt + Unpin), end: &str) -> String {
    let mut answer = Vec::new();
    let reading = async {
        while !answer.ends_with(end.as_bytes()) {
            answer.push(stream.read_u8().await.expect("the connection ended early"));
        }
    };
    if timeout(DEADLINE, reading).await.is_err() {
        panic!("{end:?} did not come; read so far");
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// A server that answers with the request it got: request line, headers, empty line, body.
pub(crate) async fn echo_server() -> SocketAddr {
    let (address, _) = counting_echo_server().await;
    address
}

/// An echo server and the number of connections it has accepted.
pub(crate) async fn counting_echo_server() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = connections.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                builder.http1().half_close(true);
                let service = service_fn(echo);
                // The client may break off: that is its affair.
                let _ = builder.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    (address, connections)
}

async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (parts, body) = request.into_parts();
    let mut text = format!("{} {} {:?}\n", parts.method, parts.uri, parts.version);
    for (name, value) in &parts.headers {
        text.push_str(&format!(
            "{name}: {}\n",
            String::from_utf8_lossy(value.as_bytes())
        ));
    }
    text.push('\n');
    let mut text = text.into_bytes();
    text.extend_from_slice(&body.collect().await?.to_bytes());
    Ok(Response::new(Full::new(Bytes::from(text))))
}

/// A server that answers every request of every connection with the given bytes once it has read the head.
pub(crate) async fn canned_server(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                loop {
                    read_until(&mut stream, "\r\n\r\n").await;
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    });
    address
}

/// An address on which nothing listens.
pub(crate) async fn closed_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
}

/// Waits until a condition holds.
pub(crate) async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(
        timeout(DEADLINE, waiting).await.is_ok(),
        "{what} did not happen in time"
    );
}
