//! Clients of a cluster's API server and of the embedded one.

use std::convert::Infallible;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::{Request, Response};
use kube::Client;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The kubeconfig file cannot be used.
    #[error("kubeconfig {path}: {source}", path = path.display())]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: kube::config::KubeconfigError,
    },
    /// Neither `KUBECONFIG`, `~/.kube/config` nor a Pod's service account is there.
    #[error("no Kubernetes API server configured: {0}")]
    Infer(#[from] kube::config::InferConfigError),
    /// The configuration names certificates or settings that cannot be used.
    #[error("Kubernetes client: {0}")]
    Client(#[from] kube::Error),
}

/// A client of the cluster that `kubeconfig` describes; without it, of the one that the environment names, as
/// `kubectl` does.
pub async fn connect(kubeconfig: Option<&Path>) -> Result<Client, ConnectError> {
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
    Ok(Client::try_from(config)?)
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
