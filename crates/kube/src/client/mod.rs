//! Clients of a cluster's API server and of the embedded one.

mod error;
mod transport;

use std::convert::Infallible;
use std::path::Path;

use bytes::Bytes;
use http::{Request, Response};
use kube::Client;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};

pub use self::error::ConnectError;
pub use self::transport::Liveness;

/// A client of the cluster that `kubeconfig` describes; without it, of the one that the environment names, as
/// `kubectl` does.
pub async fn connect(kubeconfig: Option<&Path>) -> Result<Client, ConnectError> {
    connect_with(kubeconfig, Liveness::default()).await
}

/// As [`connect`], with other times for noticing that a connection is dead.
pub async fn connect_with(kubeconfig: Option<&Path>, liveness: Liveness) -> Result<Client, ConnectError> {
    let config = match kubeconfig {
        None => kube::Config::infer().await?,
        Some(path) => {
            let failed = |source| ConnectError::Kubeconfig {
                path: path.to_owned(),
                source,
            };
            let file = Kubeconfig::read_from(path).map_err(failed)?;
            kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
                .await
                .map_err(failed)?
        }
    };
    transport::client(config, liveness)
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
