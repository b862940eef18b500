//! Everything in one process, on the embedded API server or beside a cluster.

mod advertise;
mod listeners;
mod packaged;
mod parts;
mod settings;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use kinglet_apiserver::{ApiServer, Identity};
use kinglet_kube::Client;
use kinglet_telemetry::Readiness;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::advertise::Published;
use self::listeners::{Addresses, Listeners};
use self::parts::Parts;
pub(crate) use self::settings::{ServerSettings, Source};

/// The running parts.
pub(crate) struct Server {
    api: Option<ApiServer>,
    client: Client,
    addresses: Addresses,
    readiness: Readiness,
    tasks: TaskTracker,
    kubeconfig: Option<PathBuf>,
    cluster_domain: String,
}

impl Server {
    /// Binds every listener, then starts every part. Parts end when `stop` is cancelled.
    ///
    /// # Errors
    /// Options that contradict each other, a data directory or kubeconfig that cannot be used, and taken
    /// addresses; each names its flag.
    pub(crate) async fn start(settings: ServerSettings, stop: CancellationToken) -> Result<Self> {
        settings.cluster.validate()?;
        settings.publish.validate()?;
        let listeners = Listeners::bind(&settings).await?;
        let addresses = listeners.addresses()?;
        let (client, kubeconfig) = api_of(&settings.source, &listeners).await?;
        addresses.log();
        let server = Self {
            client: client.clone(),
            api: listeners.api.as_ref().map(|(api, _)| api.clone()),
            addresses,
            readiness: Readiness::default(),
            tasks: TaskTracker::new(),
            kubeconfig,
            cluster_domain: settings.cluster.cluster_domain.clone(),
        };
        let published = Published::of(&settings, addresses).await?;
        let admin = &settings.listen.admin;
        let parts = Parts::new(client, admin, published, &server.readiness, &server.tasks, stop);
        parts.start(listeners, &settings)?;
        Ok(server)
    }

    /// A client of the API server.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Where the process listens.
    pub(crate) fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Domain of cluster names.
    pub(crate) fn cluster_domain(&self) -> &str {
        &self.cluster_domain
    }

    /// The file with the credentials, if they come from one that was named.
    pub(crate) fn kubeconfig(&self) -> Option<&Path> {
        self.kubeconfig.as_deref()
    }

    /// Waits until every part is ready.
    pub(crate) async fn ready(&self) {
        self.readiness.ready().await;
    }

    /// Waits until every part has ended in good order.
    pub(crate) async fn stopped(self) {
        self.tasks.close();
        self.tasks.wait().await;
        if let Some(api) = self.api {
            api.close().await;
        }
    }
}

/// A client of the API server, and the kubeconfig that others use for it.
async fn api_of(source: &Source, listeners: &Listeners) -> Result<(Client, Option<PathBuf>)> {
    match (source, &listeners.api) {
        (Source::Embedded(directory), Some((api, _))) => {
            let kubeconfig = directory.join("kubeconfig.yaml");
            api.write_kubeconfig(&kubeconfig)
                .with_context(|| format!("cannot write {}", kubeconfig.display()))?;
            Ok((in_process(api), Some(kubeconfig)))
        }
        (Source::Cluster(kubeconfig), _) => Ok((
            kinglet_kube::connect(kubeconfig.as_deref()).await?,
            kubeconfig.clone(),
        )),
        (Source::Embedded(_), None) => bail!("the embedded API server is missing"),
    }
}

/// A client that asks the embedded API server without sockets, as administrator.
fn in_process(api: &ApiServer) -> Client {
    let api = api.clone();
    kinglet_kube::in_process(move |mut request| {
        let api = api.clone();
        request.extensions_mut().insert(Identity::admin());
        async move { api.handle(request).await }
    })
}
