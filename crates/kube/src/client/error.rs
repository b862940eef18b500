//! Why no client could be made.

use std::path::PathBuf;

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
    #[error(
        "no Kubernetes API server is configured: name a kubeconfig file with --kubeconfig, or run in a Pod with a service account; a server runs without a cluster with --standalone ({0})"
    )]
    Infer(#[from] kube::config::InferConfigError),
    /// The configuration names certificates or settings that cannot be used.
    #[error("Kubernetes client: {0}")]
    Client(#[from] kube::Error),
    /// `tls-server-name` of the kubeconfig's cluster is neither a DNS name nor an address.
    #[error("kubeconfig: tls-server-name {0:?} is neither a DNS name nor an IP address")]
    ServerName(String),
    /// `proxy-url` of the kubeconfig's cluster, or `HTTPS_PROXY`.
    #[error(
        "the API server cannot be reached through a proxy: remove proxy-url {0} from the kubeconfig, or unset HTTPS_PROXY"
    )]
    Proxy(String),
}
