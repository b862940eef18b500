//! The responder of `healthCheckNodePort`: an HTTP server on the port of each Service that has one, on all
//! addresses of the node.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kinglet_dataplane::{Health, HealthChecks};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Serves health checks as they come and go, until `stop` is cancelled. It listens in the network namespace
/// of the process.
pub async fn serve_health(mut checks: watch::Receiver<Arc<HealthChecks>>, stop: CancellationToken) {
    let mut open: BTreeMap<u16, CancellationToken> = BTreeMap::new();
    // Checks that were published before are changes, too.
    checks.mark_changed();
    while let Some(Ok(())) = stop.run_until_cancelled(checks.changed()).await {
        let now = checks.borrow_and_update().clone();
        open.retain(|port, listener| {
            let stays = now.contains_key(port);
            if !stays {
                listener.cancel();
            }
            stays
        });
        for (port, health) in now.iter() {
            if !open.contains_key(port) {
                let listener = stop.child_token();
                match bind(*port).await {
                    Ok(socket) => {
                        tokio::spawn(serve(socket, *port, checks.clone(), listener.clone()));
                        open.insert(*port, listener);
                    }
                    Err(error) => {
                        // Tried again when any health check changes.
                        tracing::warn!(service = %health.service, "cannot listen on spec.healthCheckNodePort {port}: {error}");
                    }
                }
            }
        }
    }
}

/// All addresses of both families, where the node has both.
async fn bind(port: u16) -> std::io::Result<TcpListener> {
    // Takes IPv4, too, unless net.ipv6.bindv6only is set.
    match TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).await {
        // A kernel without IPv6. A port that is taken is taken in both families.
        Err(error) if error.kind() != std::io::ErrorKind::AddrInUse => {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await
        }
        bound => bound,
    }
}

async fn serve(
    listener: TcpListener,
    port: u16,
    checks: watch::Receiver<Arc<HealthChecks>>,
    stop: CancellationToken,
) {
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, _)) => drop(tokio::spawn(connection(stream, port, checks.clone()))),
            Err(error) => {
                tracing::debug!(%error, "health check: cannot accept");
                // Without descriptors the error stays; other tasks must go on.
                tokio::task::yield_now().await;
            }
        }
    }
}

async fn connection(stream: TcpStream, port: u16, checks: watch::Receiver<Arc<HealthChecks>>) {
    let service = service_fn(move |_: Request<Incoming>| {
        // Read for each request: a connection of a load balancer outlives many changes.
        let health = checks.borrow().get(&port).cloned();
        async move { Ok::<_, Infallible>(answer(health.as_ref())) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "health check: connection ended");
    }
}

/// 200 with local endpoints, 503 without; the words of the body are those of kube-proxy.
fn answer(health: Option<&Health>) -> Response<Full<Bytes>> {
    let local = health.map_or(0, |health| health.local_endpoints);
    let body = health.map(|health| {
        json!({
            "service": {"namespace": &*health.service.namespace, "name": &*health.service.name},
            "localEndpoints": local,
            "serviceProxyHealthy": true,
        })
    });
    let mut response = Response::new(Full::new(Bytes::from(
        body.map(|body| body.to_string()).unwrap_or_default(),
    )));
    *response.status_mut() = if local > 0 {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let headers = response.headers_mut();
    // Those of kube-proxy: load balancers weigh nodes by the last one.
    headers.insert("content-type", http::HeaderValue::from_static("application/json"));
    headers.insert(
        "x-content-type-options",
        http::HeaderValue::from_static("nosniff"),
    );
    headers.insert("x-load-balancing-endpoint-weight", http::HeaderValue::from(local));
    response
}

#[cfg(test)]
mod tests {
    use kinglet_model::ObjectName;

    use super::*;

    #[test]
    fn nodes_without_endpoints_are_unavailable() {
        let health = |local_endpoints| Health {
            service: ObjectName::new("shop", "web"),
            local_endpoints,
        };
        let with = answer(Some(&health(2)));
        assert_eq!(with.status(), 200);
        assert_eq!(with.headers()["x-load-balancing-endpoint-weight"], "2");
        assert_eq!(answer(Some(&health(0))).status(), 503);
        assert_eq!(answer(None).status(), 503);
    }
}
