//! What a kubelet serves to its API server: logs of containers, and connections to what runs in them.

mod answer;
mod attach;
mod exec;
mod handle;
mod logs;
mod port_forward;
mod request;
mod spdy;
mod streams;
mod upgrade;
mod websocket;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use self::handle::Service;
use super::context::NodeContext;
use super::pods::Pods;

/// Port of kubelets.
pub(crate) const PORT: u16 = 10250;
/// Pause after a failed accept: usually a lack of file descriptors, which does not go away at once.
const PAUSE: Duration = Duration::from_millis(100);

/// The server cannot listen.
#[derive(Debug, thiserror::Error)]
#[error("the kubelet cannot listen on {address}: {source}")]
pub(crate) struct ListenError {
    address: SocketAddr,
    source: io::Error,
}

/// A kubelet's server that does not serve yet.
pub(crate) struct Server {
    listeners: Vec<TcpListener>,
    service: Arc<Service>,
}

impl Server {
    /// Listens on the node's addresses, for clients with this bearer token.
    pub(super) fn bind(node: Arc<NodeContext>, pods: Pods, token: &str) -> Result<Self, ListenError> {
        let listen = |ip| {
            let address = SocketAddr::new(ip, PORT);
            let listener = node.network.namespace.listen(address);
            listener.map_err(|source| ListenError { address, source })
        };
        let addresses = node.network.addresses.iter().copied();
        let listeners = addresses.map(listen).collect::<Result<_, _>>()?;
        let service = Service {
            node,
            pods,
            authorization: format!("Bearer {token}"),
        };
        Ok(Self {
            listeners,
            service: Arc::new(service),
        })
    }

    /// Serves until the token is cancelled; connections end at once then.
    pub(crate) async fn serve(self, stop: CancellationToken) {
        let all = self.listeners.into_iter().map(|listener| {
            let (service, stop) = (self.service.clone(), stop.clone());
            async move { accept(listener, service, stop).await }
        });
        futures::future::join_all(all).await;
    }
}

async fn accept(listener: TcpListener, service: Arc<Service>, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                let (service, stop) = (service.clone(), stop.clone());
                tokio::spawn(
                    async move { stop.run_until_cancelled(connection(stream, service, &stop)).await },
                );
            }
            Err(error) => {
                tracing::warn!(%error, "kubelet: cannot accept");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, service: Arc<Service>, stop: &CancellationToken) {
    // Keys that somebody presses must not wait for more (Nagle's algorithm).
    let _best_effort = stream.set_nodelay(true);
    let answer = service_fn(move |request| {
        let (service, stop) = (service.clone(), stop.clone());
        async move { Ok::<_, Infallible>(service.answer(request, stop).await) }
    });
    let mut builder = http1::Builder::new();
    // Without a timer hyper has no limit on the time for a request's head.
    builder.timer(TokioTimer::new());
    let connection = builder.serve_connection(TokioIo::new(stream), answer);
    if let Err(error) = connection.with_upgrades().await {
        tracing::debug!(%error, "kubelet: a connection ended early");
    }
}
