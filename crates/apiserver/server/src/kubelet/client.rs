//! How kubelets are reached.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use tokio::net::TcpStream;

/// A connection that is being made.
type Connecting = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>;

/// How the server reaches kubelets. Clones are the same.
#[derive(Clone)]
pub struct KubeletClient {
    connect: Arc<dyn Fn(SocketAddr) -> Connecting + Send + Sync>,
    pub(super) token: Arc<str>,
}

impl KubeletClient {
    /// Connects as `connect` does, and says who it is by a bearer token.
    pub fn new(
        token: impl Into<Arc<str>>,
        connect: impl Fn(SocketAddr) -> Connecting + Send + Sync + 'static,
    ) -> Self {
        Self {
            connect: Arc::new(connect),
            token: token.into(),
        }
    }

    pub(super) fn connect(&self, address: SocketAddr) -> Connecting {
        (self.connect)(address)
    }
}

impl fmt::Debug for KubeletClient {
    /// Without the token: settings are printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KubeletClient").finish_non_exhaustive()
    }
}
