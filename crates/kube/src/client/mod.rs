//! Clients of a cluster's API server and of the embedded one.

mod error;
mod transport;

use std::convert::Infallible;
use std::path::Path;

use bytes::Bytes;
use http::{Request, Response};
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

pub use self::error::ConnectError;
pub use self::transport::Liveness;

/// A client of the cluster that `kubeconfig` describes; without it, of the one that the environment names, as
/// `kubectl` does.
pub async fn connect(kubeconfig: Option<&Path>) -> Result<Client, ConnectError> {
    connect_with(kubeconfig, Liveness::default()).await
}

/// As [`connect`], with other times for noticing that a connection is dead.
pub async fn connect_with(kubeconfig: Option<&Path>, liveness: Liveness) -> Result<Client, ConnectError> {
    transport::client(config(kubeconfig).await?, liveness)
}

/// Host and port of the API server that [`connect`] asks.
pub async fn server_of(kubeconfig: Option<&Path>) -> Result<(String, u16), ConnectError> {
    let url = config(kubeconfig).await?.cluster_url;
    let is_clear = url.scheme_str() == Some("http");
    let port = url.port_u16().unwrap_or(if is_clear { 80 } else { 443 });
    // An IPv6 address has brackets in a URL only.
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    Ok((host.to_owned(), port))
}

async fn config(kubeconfig: Option<&Path>) -> Result<Config, ConnectError> {
    let Some(path) = kubeconfig else {
        return Ok(Config::infer().await?);
    };
    let failed = |source| ConnectError::Kubeconfig {
        path: path.to_owned(),
        source,
    };
    let file = Kubeconfig::read_from(path).map_err(failed)?;
    let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await;
    config.map_err(failed)
}

/// A client whose requests are answered by a function in this process, without sockets.
pub fn in_process<F, Fut, B>(handle: F) -> Client
where
    F: Fn(Request<Body>) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Response<B>> + Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<tower::BoxError>,
{
    let service = tower::service_fn(move |request| {
        let answer = handle(request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    Client::new(service, "default")
}
