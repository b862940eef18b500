//! Proxies every request to one server, for benchmarks and experiments.
//!
//! `cargo run --release -p kinglet-ingress-proxy --example serve -- SERVER [WEB [WEBSECURE [WORKERS]]]`, for
//! instance `serve 127.0.0.1:9000 127.0.0.1:8000 127.0.0.1:8443 1`.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use kinglet_ingress_proxy::{Proxy, ProxySettings, ProxySnapshot};
use kinglet_ingress_routes::{Configuration, HostMatcher, PathMatcher, Router, Scheme, Server, Service};
use tokio_util::sync::CancellationToken;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let server: SocketAddr = arguments
        .next()
        .ok_or("usage: serve SERVER [WEB [WEBSECURE [WORKERS]]]")?
        .parse()?;
    let web = arguments.next().as_deref().unwrap_or("127.0.0.1:8000").parse()?;
    let websecure = arguments.next().as_deref().unwrap_or("127.0.0.1:8443").parse()?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut settings = ProxySettings::new(web, websecure, provider.clone());
    if let Some(workers) = arguments.next() {
        settings.workers = workers.parse()?;
    }
    let snapshot = ProxySnapshot::shared(provider);
    ProxySnapshot::publish(&snapshot, &everything_to(server)?);
    let proxy = Proxy::bind(settings)?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let stop = CancellationToken::new();
            let serving = proxy.serve(snapshot, stop.clone());
            let interrupted = async {
                let result = tokio::signal::ctrl_c().await;
                stop.cancel();
                result
            };
            let (served, interrupted) = tokio::join!(serving, interrupted);
            served?;
            Ok(interrupted?)
        })
}

fn everything_to(server: SocketAddr) -> Result<Configuration, Box<dyn Error>> {
    let name: Arc<str> = "everything".into();
    let service = Service {
        name: name.clone(),
        scheme: Scheme::Http,
        servers: vec![Server::from(server)],
    };
    let router = Router {
        name: name.clone(),
        host: HostMatcher::Any,
        path: PathMatcher::prefix("/")?,
        service: Some(name.clone()),
    };
    Ok(Configuration {
        routers: vec![router],
        services: BTreeMap::from([(name, Arc::new(service))]),
        certificates: Vec::new(),
    })
}
