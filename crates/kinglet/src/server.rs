//! Everything in one process, on the embedded API server or beside a cluster.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use arc_swap::ArcSwap;
use kinglet_addons::Directory;
use kinglet_apiserver::{ApiServer, Identity, Listening};
use kinglet_cloud::CloudController;
use kinglet_config::{ClusterOptions, Component, ListenOptions, ServiceLbServerOptions};
use kinglet_dns_server::DnsServer;
use kinglet_dns_zone::{ZoneBuilder, ZoneSettings};
use kinglet_ingress_controller::{IngressController, Outputs, ProblemMetrics};
use kinglet_ingress_proxy::{Proxy, ProxySnapshot};
use kinglet_kube::{Client, Recorder, Reflectors};
use kinglet_model::LoadBalancerIngress;
use kinglet_telemetry::{Readiness, Registry};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::error;

use crate::host::{hostname, tls_provider};
use crate::listeners::{Addresses, Listeners};
use crate::packaged;
use crate::services::{Watched, dns, servicelb};

/// Where the Kubernetes API comes from.
pub(crate) enum Source {
    /// The embedded API server, on a data directory.
    Embedded(PathBuf),
    /// The cluster of a kubeconfig.
    Cluster(PathBuf),
}

/// What `kinglet server` and `kinglet demo` set.
pub(crate) struct Settings {
    pub(crate) source: Source,
    pub(crate) manifests: Option<PathBuf>,
    pub(crate) listen: ListenOptions,
    pub(crate) cluster: ClusterOptions,
    pub(crate) disabled: Vec<Component>,
    /// Whether Kinglet is the cluster's cloud controller.
    pub(crate) cloud_controller: bool,
    pub(crate) servicelb: Option<ServiceLbServerOptions>,
}

impl Settings {
    /// Whether a component shall run.
    pub(crate) fn runs(&self, component: Component) -> bool {
        !self.disabled.contains(&component)
    }
}

/// The running parts.
pub(crate) struct Server {
    api: Option<ApiServer>,
    client: Client,
    addresses: Addresses,
    readiness: Readiness,
    tasks: TaskTracker,
    kubeconfig: PathBuf,
    cluster_domain: String,
}

impl Server {
    /// Binds every listener, then starts every part. Parts end when `stop` is cancelled.
    ///
    /// # Errors
    /// Options that contradict each other, a data directory or kubeconfig that cannot be used, and taken
    /// addresses; each names its flag.
    pub(crate) async fn start(settings: Settings, stop: CancellationToken) -> Result<Self> {
        settings.cluster.validate()?;
        let listeners = Listeners::bind(&settings).await?;
        let addresses = listeners.addresses()?;
        let (client, kubeconfig) = match (&settings.source, &listeners.api) {
            (Source::Embedded(directory), Some((api, _))) => {
                let kubeconfig = directory.join("kubeconfig.yaml");
                api.write_kubeconfig(&kubeconfig)
                    .with_context(|| format!("cannot write {}", kubeconfig.display()))?;
                (in_process(api), kubeconfig)
            }
            (Source::Cluster(kubeconfig), _) => {
                (kinglet_kube::connect(Some(kubeconfig)).await?, kubeconfig.clone())
            }
            (Source::Embedded(_), None) => bail!("the embedded API server is missing"),
        };
        addresses.log();
        let server = Self {
            client,
            api: listeners.api.as_ref().map(|(api, _)| api.clone()),
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

    /// The file with the credentials.
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
        if let Some(api) = self.api {
            api.close().await;
        }
    }

    fn spawn(&self, listeners: Listeners, settings: Settings, stop: &CancellationToken) -> Result<()> {
        let mut registry = Registry::default();
        // A kind is watched from the moment when a part that runs asks for it.
        let reflectors = Reflectors::new(self.client.clone(), stop.clone());
        self.spawn_packaged(&settings, stop);
        if let Some(dns) = listeners.dns {
            self.spawn_dns(dns, &reflectors, &mut registry, stop)?;
        }
        if matches!(settings.source, Source::Cluster(_)) {
            self.spawn_cluster(&settings, &reflectors, &mut registry, stop);
        }
        if let Some(proxy) = listeners.proxy {
            self.spawn_ingress(proxy, &reflectors, &mut registry, stop)?;
        }
        if let Some((_, listening)) = listeners.api {
            self.spawn_controllers(stop);
            self.spawn_api(listening, stop);
        }
        self.tasks.spawn(
            listeners
                .admin
                .serve(registry, self.readiness.clone(), stop.clone()),
        );
        Ok(())
    }

    /// What a cluster of nodes needs: of all servers the one that leads does it.
    fn spawn_cluster(
        &self,
        settings: &Settings,
        reflectors: &Reflectors,
        registry: &mut Registry,
        stop: &CancellationToken,
    ) {
        if settings.cloud_controller {
            let cloud = CloudController::new(kinglet_cloud::Settings::new(&hostname()));
            cloud.metrics().register(registry);
            self.tasks.spawn(cloud.run(self.client.clone(), stop.clone()));
        }
        if let Some(options) = &settings.servicelb {
            let sources = kinglet_servicelb::Sources {
                services: reflectors.of(),
                slices: reflectors.of(),
            };
            let runs = settings.runs(Component::Servicelb);
            let client = self.client.clone();
            self.tasks
                .spawn(servicelb::lead(client, sources, options, runs, stop.clone()));
        }
    }

    fn spawn_api(&self, listening: Listening, stop: &CancellationToken) {
        let stop = stop.clone();
        self.tasks.spawn(async move {
            if let Err(error) = listening.serve(stop).await {
                error!(%error, "the API server's listener failed");
            }
        });
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
        reflectors: &Reflectors,
        registry: &mut Registry,
        stop: &CancellationToken,
    ) -> Result<()> {
        let settings = ZoneSettings {
            domain: self.cluster_domain.clone(),
            local_addresses: self.addresses.dns.map(reachable).into_iter().collect(),
            ..ZoneSettings::default()
        };
        let mut zone = ZoneBuilder::new(&settings).context("--cluster-domain")?;
        let snapshot = Arc::new(ArcSwap::new(zone.snapshot(0)));
        server.register(registry);
        let shell = dns::run(
            Watched::start(reflectors),
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
        reflectors: &Reflectors,
        registry: &mut Registry,
        stop: &CancellationToken,
    ) -> Result<()> {
        let snapshot = ProxySnapshot::shared(tls_provider()?);
        registry.register_collector(Box::new(proxy.metrics()));
        let controller = IngressController::new(Outputs {
            snapshot: snapshot.clone(),
            recorder: Recorder::spawn(
                self.client.clone(),
                kinglet_ingress_controller::COMPONENT,
                hostname(),
                stop.clone(),
            ),
            metrics: ProblemMetrics::register(registry),
            published: self
                .addresses
                .web
                .map(reachable)
                .map(published)
                .into_iter()
                .collect(),
            gate: self.readiness.gate("ingress"),
        });
        let reflectors = reflectors.clone();
        self.spawn_until(stop, async move { controller.run(&reflectors).await });
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
        let mut objects = Vec::new();
        if let Some(listener) = self.addresses.dns {
            let listener = SocketAddr::new(reachable(listener), listener.port());
            objects.extend(packaged::dns(settings.cluster.dns_address(), listener));
        }
        if self.addresses.web.is_some() {
            objects.push(packaged::ingress_class());
        }
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

/// A client that asks the embedded API server without sockets, as administrator.
fn in_process(api: &ApiServer) -> Client {
    let api = api.clone();
    kinglet_kube::in_process(move |mut request| {
        let api = api.clone();
        request.extensions_mut().insert(Identity::admin());
        async move { api.handle(request).await }
    })
}

/// The address by which processes of this machine reach a listener: its own, or loopback for a wildcard
/// address.
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
        ..LoadBalancerIngress::default()
    }
}
