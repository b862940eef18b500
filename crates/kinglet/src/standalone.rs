//! Everything in one process, on the embedded API server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use arc_swap::ArcSwap;
use kinglet_addons::Directory;
use kinglet_apiserver::{ApiServer, BindError, Identity, Listening};
use kinglet_config::{ClusterOptions, ListenOptions};
use kinglet_dns_server::DnsServer;
use kinglet_dns_zone::{ZoneBuilder, ZoneSettings};
use kinglet_ingress_proxy::{EntryPoint, Proxy, ProxySnapshot};
use kinglet_kube::{Client, Recorder};
use kinglet_model::LoadBalancerIngress;
use kinglet_telemetry::{AdminServer, Readiness, Registry};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info};

use crate::services::{Watched, dns, ingress};
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
        let mut registry = Registry::default();
        let watched = Watched::spawn(&self.client, stop);
        self.spawn_controllers(stop);
        self.spawn_packaged(&settings, stop);
        self.spawn_dns(listeners.dns, &watched, &mut registry, stop)?;
        self.spawn_ingress(listeners.proxy, watched, &mut registry, stop)?;
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

    fn spawn_controllers(&self, stop: &CancellationToken) {
        let gate = self.readiness.gate("controllers");
        let settings = kinglet_controllers::Settings {
            instance: hostname(),
            ..Default::default()
        };
        let mut controllers = kinglet_controllers::spawn(&self.client, &settings, stop);
        tokio::spawn(async move {
            controllers.synced().await;
            gate.open();
        });
    }

    fn spawn_dns(
        &self,
        server: DnsServer,
        watched: &Watched,
        registry: &mut Registry,
        stop: &CancellationToken,
    ) -> Result<()> {
        let settings = ZoneSettings {
            domain: self.cluster_domain.clone(),
            local_addresses: vec![reachable(self.addresses.dns)],
            ..ZoneSettings::default()
        };
        let mut zone = ZoneBuilder::new(&settings).context("--cluster-domain")?;
        let snapshot = Arc::new(ArcSwap::new(zone.snapshot(0)));
        server.register(registry);
        let shell = dns::run(
            watched.clone(),
            zone,
            snapshot.clone(),
            self.readiness.gate("dns"),
        );
        self.spawn_until(stop, shell);
        let stop = stop.clone();
        self.tasks.spawn(async move {
            if let Err(error) = server.serve(snapshot, stop).await {
                error!(%error, "the DNS server failed");
            }
        });
        Ok(())
    }

    fn spawn_ingress(
        &self,
        proxy: Proxy,
        watched: Watched,
        registry: &mut Registry,
        stop: &CancellationToken,
    ) -> Result<()> {
        let snapshot = ProxySnapshot::shared();
        registry.register_collector(Box::new(proxy.metrics()));
        let outputs = ingress::Outputs {
            snapshot: snapshot.clone(),
            recorder: Recorder::spawn(self.client.clone(), ingress::COMPONENT, hostname(), stop.clone()),
            client: self.client.clone(),
            published: vec![published(reachable(self.addresses.web))],
            gate: self.readiness.gate("ingress"),
        };
        self.spawn_until(
            stop,
            ingress::run(watched, tls_provider()?, outputs, stop.clone()),
        );
        let stop = stop.clone();
        self.tasks.spawn(async move {
            if let Err(error) = proxy.serve(snapshot, stop).await {
                error!(%error, "the ingress proxy failed");
            }
        });
        Ok(())
    }

    fn spawn_until(&self, stop: &CancellationToken, task: impl Future<Output = ()> + Send + 'static) {
        let stop = stop.clone();
        self.tasks.spawn(async move {
            // Both outcomes are an end in good order.
            let _ = stop.run_until_cancelled(task).await;
        });
    }

    /// Objects that Kinglet brings, then the user's directory.
    fn spawn_packaged(&self, settings: &Settings, stop: &CancellationToken) {
        let gate = self.readiness.gate("packaged objects");
        let objects = packaged::objects(
            settings.cluster.dns_address(),
            (reachable(self.addresses.dns), self.addresses.dns.port()).into(),
        );
        let directory = settings
            .manifests
            .clone()
            .map(|path| Directory::new(path, self.client.clone()));
        let client = self.client.clone();
        self.spawn_until(stop, async move {
            for failure in kinglet_addons::apply(&client, &objects).await {
                error!(error = %failure, "cannot apply a packaged object");
            }
            gate.open();
            if let Some(directory) = directory {
                directory.watch().await;
            }
        });
    }
}

/// Everything that is bound before anything starts, so that a taken port is an error at once and nothing is half-started.
struct Listeners {
    api: ApiServer,
    listening: Listening,
    dns: DnsServer,
    proxy: Proxy,
    admin: AdminServer,
}

impl Listeners {
    async fn bind(settings: &Settings) -> Result<Self> {
        let ListenOptions {
            dns_listen,
            admin_listen,
            ..
        } = settings.listen;
        let admin = AdminServer::bind(admin_listen)
            .await
            .map_err(|cause| listener::failed("admin-listen", admin_listen, cause))?;
        let dns = kinglet_dns_server::Settings {
            listen: vec![dns_listen],
            ..Default::default()
        };
        let dns =
            DnsServer::bind(dns).map_err(|error| listener::failed("dns-listen", dns_listen, error.source))?;
        let proxy = bind_proxy(&settings.listen)?;
        let api = open_api(settings).await?;
        let listening = api.bind().map_err(|error| match error {
            BindError::Listen { address, source } => listener::failed("api-listen", address, source),
            other => other.into(),
        })?;
        Ok(Self {
            api,
            listening,
            dns,
            proxy,
            admin,
        })
    }

    fn addresses(&self) -> Result<Addresses> {
        Ok(Addresses {
            api: self.listening.local_addr(),
            dns: self.dns.local_addr(),
            web: self.proxy.address(EntryPoint::Web),
            websecure: self.proxy.address(EntryPoint::Websecure),
            admin: self.admin.local_addr()?,
        })
    }
}

fn bind_proxy(listen: &ListenOptions) -> Result<Proxy> {
    let mut settings =
        kinglet_ingress_proxy::Settings::new(listen.web_listen, listen.websecure_listen, tls_provider()?);
    settings.hostname = hostname();
    Proxy::bind(settings).map_err(|error| match error {
        kinglet_ingress_proxy::BindError::Listen {
            entry_point,
            address,
            source,
        } => listener::failed(&format!("{entry_point}-listen"), address, source),
        other => other.into(),
    })
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

/// The TLS provider that the process installed at its start.
fn tls_provider() -> Result<Arc<rustls::crypto::CryptoProvider>> {
    rustls::crypto::CryptoProvider::get_default()
        .cloned()
        .context("no TLS provider is installed")
}

/// The address by which processes of this machine reach a listener: its own, or loopback for a wildcard address.
fn reachable(listener: SocketAddr) -> IpAddr {
    match listener.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

/// An address in the status of Ingresses.
fn published(address: IpAddr) -> LoadBalancerIngress {
    LoadBalancerIngress {
        ip: Some(address.to_string().into()),
        hostname: None,
    }
}

/// Name of this host, for Events and `X-Forwarded-Server`.
fn hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() {
        "localhost".to_owned()
    } else {
        name.trim().to_owned()
    }
}
