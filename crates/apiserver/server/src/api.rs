//! The API server as a value: opened, asked, closed.

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use http::{Request, Response};
use tokio_util::sync::CancellationToken;

use crate::allocation::Allocation;
use crate::auth::{Authority, AuthorityError};
use crate::error::ApiError;
use crate::http::Body;
use crate::inner::{Inner, first_address};
use crate::listener::{BindError, Listening};
use crate::registry::Published;
use crate::settings::ApiServerSettings;
use crate::store::{Store, StoreError};
use crate::{bootstrap, custom, serve};

/// An API server cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data directory.
    #[error("data directory {path}: {source}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The objects of a server that ran here before are gone.
    #[error(
        "{} {state} although {} shows that a server ran here: restore it from a backup, or remove {} to begin \
         with no objects",
        .store.display(), .authority.display(), .directory.display()
    )]
    LostStore {
        /// The store's file.
        store: PathBuf,
        /// What is wrong with it.
        state: &'static str,
        /// The certificate of the server's authority.
        authority: PathBuf,
        /// The data directory.
        directory: PathBuf,
    },
    /// The store.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// Certificates and the token.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// An object that every cluster has cannot be made.
    #[error("bootstrap: {0}")]
    Bootstrap(#[source] ApiError),
}

/// The store's file in the data directory.
const STORE: &str = "state.redb";

/// An embedded API server. Clones are the same server.
#[derive(Clone)]
pub struct ApiServer {
    inner: Arc<Inner>,
}

impl ApiServer {
    /// Opens the store and the certificates, making what is missing, and creates the objects that every
    /// cluster has.
    ///
    /// Blocks for disk I/O.
    pub fn open(settings: ApiServerSettings) -> Result<Self, OpenError> {
        let directory = settings.data_dir.as_deref();
        if let Some(directory) = directory {
            for path in [directory.to_owned(), directory.join("tls")] {
                create_private(&path).map_err(|source| OpenError::Directory { path, source })?;
            }
        }
        if let Some(directory) = directory {
            check_store(directory)?;
        }
        let store = Store::open(directory.map(|directory| directory.join(STORE)).as_deref())?;
        let tls = directory.map(|directory| directory.join("tls"));
        let authority = Authority::open(tls.as_deref(), &addresses(&settings), &names(&settings))
            // Its thread would hold the file a while longer than this call.
            .inspect_err(|_| store.close())?;
        let inner = Arc::new(Inner {
            settings,
            store,
            kinds: Published::default(),
            authority,
            allocation: Allocation::default(),
            publishing: std::sync::Mutex::default(),
            documents: crate::discovery::Documents::default(),
            bound: OnceLock::new(),
            stop: CancellationToken::new(),
        });
        // Before the sweep, which takes collections of kinds that are not published for remains.
        custom::publish(&inner);
        futures::executor::block_on(custom::sweep(&inner));
        bootstrap::objects(&inner).map_err(OpenError::Bootstrap)?;
        Ok(Self { inner })
    }

    /// Answers a request. The sender is the [`Identity`](crate::Identity) in the request's extensions, else
    /// the owner of its bearer token; other requests are anonymous and refused. Bodies of watches go on until
    /// the watch ends or the body is dropped.
    pub async fn handle<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body + Send,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        serve::handle(self.inner.clone(), request).await
    }

    /// Binds the listener and points the Service `kubernetes` to it.
    pub fn bind(&self) -> Result<Listening, BindError> {
        Listening::bind(self.inner.clone())
    }

    /// Writes the administrator's kubeconfig (mode 0600). Its server address is that of the listener, so bind
    /// first.
    pub fn write_kubeconfig(&self, path: &Path) -> io::Result<()> {
        self.inner.authority.write_kubeconfig(path, self.inner.address())
    }

    /// The administrator's bearer token.
    pub fn token(&self) -> &str {
        self.inner.authority.token()
    }

    /// The certificate of the server's authority, as PEM.
    pub fn ca(&self) -> &str {
        &self.inner.authority.ca.certificate
    }

    /// Tells whether the store can be written, now and whenever that changes. Never ends.
    pub async fn watch_store(&self, mut tell: impl FnMut(bool)) {
        let mut health = self.inner.store.health();
        loop {
            tell(health.borrow_and_update().is_none());
            // The server holds the sender as long as this future.
            if health.changed().await.is_err() {
                return;
            }
        }
    }

    /// Ends all watches, refuses further writes, and waits until everything is on disk and the store is
    /// closed.
    pub async fn close(&self) {
        self.inner.stop.cancel();
        let inner = self.inner.clone();
        // Closing joins the writer's thread, which flushes to disk.
        if tokio::task::spawn_blocking(move || inner.store.close())
            .await
            .is_err()
        {
            tracing::error!("the API server's store was not closed in order");
        }
    }
}

/// A store that is missing beside an authority was lost: to begin anew silently would delete everything that
/// controllers keep in the world. The store is made before the authority, so that an interrupted first start
/// does not look like this.
fn check_store(directory: &Path) -> Result<(), OpenError> {
    let (store, authority) = (directory.join(STORE), directory.join("tls/ca.crt"));
    let state = match std::fs::metadata(&store) {
        Ok(file) if file.len() > 0 => return Ok(()),
        Ok(_) => "is empty",
        Err(error) if error.kind() == io::ErrorKind::NotFound => "is missing",
        // Opening it tells what is wrong.
        Err(_) => return Ok(()),
    };
    if !authority.exists() {
        return Ok(());
    }
    Err(OpenError::LostStore {
        store,
        state,
        authority,
        directory: directory.to_owned(),
    })
}

fn create_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        // Private keys, the token and Secrets are in it.
        .mode(0o700)
        .create(path)
}

/// Addresses that the server certificate is good for.
fn addresses(settings: &ApiServerSettings) -> Vec<IpAddr> {
    let mut addresses = vec![IpAddr::from([127, 0, 0, 1]), std::net::Ipv6Addr::LOCALHOST.into()];
    // Pods ask the cluster IP of the Service `kubernetes`.
    let first = settings.service_cidrs.iter().map(first_address);
    let advertised = settings.advertise.map(|address| address.ip());
    for address in first.chain([settings.listen.ip()]).chain(advertised) {
        // Nobody connects to an unspecified address: it is only listened on.
        if !address.is_unspecified() && !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}

/// Names that the server certificate is good for.
fn names(settings: &ApiServerSettings) -> Vec<String> {
    // The search list of a Pod's resolver makes the same name of all of these.
    let service = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"];
    let mut names: Vec<String> = service.iter().map(|name| (*name).to_owned()).collect();
    names.push(format!("kubernetes.default.svc.{}", settings.cluster_domain));
    names.push("localhost".to_owned());
    names
}
