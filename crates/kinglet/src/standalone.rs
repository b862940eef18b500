//! Everything in one process, on the embedded API server.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use kinglet_addons::Directory;
use kinglet_apiserver::{ApiServer, Identity, Listening};
use kinglet_config::{ClusterOptions, ListenOptions};
use kinglet_kube::Client;
use kinglet_telemetry::{AdminServer, Readiness, Registry};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info};

use crate::{listener, packaged};

/// What `kinglet server --standalone` and `kinglet demo` set.
pub(crate) struct Settings {
    pub(crate) data_dir: PathBuf,
    pub(crate) manifests: Option<PathBuf>,
    pub(crate) listen: ListenOptions,
    pub(crate) cluster: ClusterOptions,
}

/// Where the process really listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    pub(crate) api: SocketAddr,
    pub(crate) dns: SocketAddr,
    pub(crate) web: SocketAddr,
    pub(crate) websecure: SocketAddr,
    pub(crate) admin: SocketAddr,
}

/// The running parts.
pub(crate) struct Standalone {
    api: ApiServer,
    client: Client,
    addresses: Addresses,
    readiness: Readiness,
    tasks: TaskTracker,
    kubeconfig: PathBuf,
    cluster_domain: String,
}

impl Standalone {
    /// Binds every listener, then starts every part. Parts end when `stop` is cancelled.
    ///
    /// # Errors
    /// Options that contradict each other, a data directory that cannot be used, and taken addresses; each names its flag.
    pub(crate) async fn start(settings: Settings, stop: CancellationToken) -> Result<Self> {
        settings.cluster.validate()?;
        let listeners = Listeners::bind(&settings).await?;
        let addresses = listeners.addresses()?;
        let kubeconfig = settings.data_dir.join("kubeconfig.yaml");
        listeners
            .api
            .write_kubeconfig(&kubeconfig)
            .with_context(|| format!("cannot write {}", kubeconfig.display()))?;
        let Addresses {
            api,
            dns,
            web,
            websecure,
            admin,
        } = addresses;
        info!(%api, %dns, %web, %websecure, %admin, "listening");
        let server = Self {
            client: in_process(&listeners.api),
            api: listeners.api.clone(),
            addresses,
            readiness: Readiness::default(),
            tasks: TaskTracker::new(),
            kubeconfig,
            cluster_domain: settings.cluster.cluster_domain.clone(),
        };
        server.spawn(listeners, settings, &stop)?;
        Ok(server)
    }

    /// A client of the embedded API server.
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

    /// The file with the administrator's credentials.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Waits until every part is ready.
    pub(crate) async fn ready(&self) {
        self.readiness.ready().await;
    }

    /// Waits until every part has ended in good order.
    pub(crate) async fn stopped(self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.api.close().await;
    }

    fn spawn(&self, listeners: Listeners, settings: Settings, stop: &CancellationToken) -> Result<()> {
        let registry = Registry::default();
        self.spawn_packaged(&settings, stop);
        let api = listeners.listening;
        let api_stop = stop.clone();
        self.tasks.spawn(async move {
            if let Err(error) = api.serve(api_stop).await {
                error!(%error, "the API server's listener failed");
            }
        });
        self.tasks.spawn(
            listeners
                .admin
                .serve(registry, self.readiness.clone(), stop.clone()),
        );
        Ok(())
    }

    /// Objects that Kinglet brings, then the user's directory.
    fn spawn_packaged(&self, settings: &Settings, stop: &CancellationToken) {
        let gate = self.readiness.gate("packaged objects");
        let objects = packaged::objects(settings.cluster.dns_address(), self.addresses.dns);
        let directory = settings
            .manifests
            .clone()
            .map(|path| Directory::new(path, self.client.clone()));
        let (client, stop) = (self.client.clone(), stop.clone());
        let work = async move {
            for failure in kinglet_addons::apply(&client, &objects).await {
                error!(error = %failure, "cannot apply a packaged object");
            }
            gate.open();
            if let Some(directory) = directory {
                directory.watch().await;
            }
        };
        self.tasks.spawn(async move {
            tokio::select! {
                () = work => {}
                () = stop.cancelled() => {}
            }
        });
    }
}

/// Everything that is bound before anything starts, so that a taken port is an error at once and nothing is half-started.
struct Listeners {
    api: ApiServer,
    listening: Listening,
    admin: AdminServer,
}

impl Listeners {
    async fn bind(settings: &Settings) -> Result<Self> {
        let ListenOptions {
            api_listen,
            admin_listen,
            ..
        } = settings.listen;
        let admin = AdminServer::bind(admin_listen)
            .await
            .map_err(|cause| listener::failed("admin-listen", admin_listen, cause))?;
        let api = open_api(settings).await?;
        let listening = api
            .bind()
            .map_err(|cause| listener::failed("api-listen", api_listen, cause))?;
        Ok(Self {
            api,
            listening,
            admin,
        })
    }

    fn addresses(&self) -> Result<Addresses> {
        Ok(Addresses {
            api: self.listening.local_addr(),
            dns: ([127, 0, 0, 1], 1053).into(),
            web: ([127, 0, 0, 1], 1053).into(),
            websecure: ([127, 0, 0, 1], 1053).into(),
            admin: self.admin.local_addr()?,
        })
    }
}

async fn open_api(settings: &Settings) -> Result<ApiServer> {
    let api = kinglet_apiserver::Settings {
        data_dir: Some(settings.data_dir.clone()),
        listen: settings.listen.api_listen,
        service_cidrs: settings.cluster.service_cidr.clone(),
        cluster_domain: settings.cluster.cluster_domain.clone(),
        ..kinglet_apiserver::Settings::default()
    };
    let opened = tokio::task::spawn_blocking(move || ApiServer::open(api)).await?;
    opened.with_context(|| format!("--data-dir {}", settings.data_dir.display()))
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
