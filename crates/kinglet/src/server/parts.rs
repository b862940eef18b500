//! The parts of a server: which run, and what each is given.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use kinglet_addons::Directory;
use kinglet_apiserver::{ApiServer, Listening};
use kinglet_cloud::{CloudController, CloudSettings};
use kinglet_config::{Component, ServiceLbServerOptions};
use kinglet_dns_controller::{DnsController, PublishSettings, publish};
use kinglet_dns_server::DnsServer;
use kinglet_dns_zone::{ZoneBuilder, ZoneSettings};
use kinglet_ingress_controller::{COMPONENT, IngressController, Outputs, ProblemMetrics, Publication};
use kinglet_ingress_proxy::{Proxy, ProxySnapshot};
use kinglet_kube::{Client, Election, Recorder, Reflectors, control, metrics};
use kinglet_model::{LoadBalancerIngress, ObjectName};
use kinglet_servicelb::Duty;
use kinglet_telemetry::{Readiness, Registry};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::error;

use super::advertise::Published;
use super::listeners::Listeners;
use super::packaged;
use super::settings::{ServerSettings, Source};
use crate::host::{STATE, hostname, tls_provider};
use crate::services::servicelb;

/// How long a DNS server answers after its endpoint was withdrawn: nodes learn of it meanwhile.
const DRAIN: Duration = Duration::from_secs(1);
/// Namespace of the Leases of servers.
const NAMESPACE: &str = "kube-system";

/// What parts share while they are started.
pub(super) struct Parts<'a> {
    client: Client,
    /// A kind is watched from the moment when a part that runs asks for it.
    reflectors: Reflectors,
    published: Published,
    registry: Registry,
    readiness: &'a Readiness,
    tasks: &'a TaskTracker,
    stop: CancellationToken,
}

impl<'a> Parts<'a> {
    pub(super) fn new(
        client: Client,
        published: Published,
        readiness: &'a Readiness,
        tasks: &'a TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let reflectors = Reflectors::new(client.clone(), stop.clone());
        let mut registry = Registry::default();
        metrics::register(&reflectors, &mut registry);
        Self {
            client,
            reflectors,
            published,
            registry,
            readiness,
            tasks,
            stop,
        }
    }

    /// Starts what the settings ask for.
    pub(super) fn start(mut self, listeners: Listeners, settings: &ServerSettings) -> Result<()> {
        self.manifests(settings.manifests.clone());
        if let Some(server) = listeners.dns {
            self.dns(server, settings)?;
        }
        if matches!(settings.source, Source::Cluster(_)) {
            self.cluster(settings);
        }
        if let Some(proxy) = listeners.proxy {
            self.ingress(proxy, settings)?;
        }
        if let Some((api, listening)) = listeners.api {
            self.controllers(api.ca());
            self.store(api);
            self.api(listening);
        }
        let admin = listeners.admin;
        self.tasks
            .spawn(admin.serve(self.registry, self.readiness.clone(), self.stop));
        Ok(())
    }

    /// The user's directory.
    fn manifests(&self, directory: Option<PathBuf>) {
        if let Some(path) = directory {
            let directory = Directory::new(path, self.client.clone());
            self.spawn(async move { directory.watch().await });
        }
    }

    fn dns(&mut self, server: DnsServer, settings: &ServerSettings) -> Result<()> {
        let endpoint = self.published.dns;
        let zone = ZoneSettings {
            domain: settings.cluster.cluster_domain.clone(),
            local_addresses: endpoint.iter().map(SocketAddr::ip).collect(),
            ..ZoneSettings::default()
        };
        let zone = ZoneBuilder::new(&zone).context("--cluster-domain")?;
        let controller = DnsController::new(zone, self.readiness.gate("dns"));
        let snapshot = controller.snapshot();
        let stop = match endpoint.filter(|_| !settings.publish.disable_dns_service) {
            Some(endpoint) => self.endpoint(endpoint, settings),
            None => self.stop.clone(),
        };
        server.register(&mut self.registry);
        let reflectors = self.reflectors.clone();
        self.spawn(async move { controller.run(&reflectors).await });
        self.tasks.spawn(async move {
            if let Err(error) = server.serve(snapshot, stop).await {
                error!(%error, "the DNS server failed");
            }
        });
        Ok(())
    }

    /// Keeps the endpoint of the cluster DNS; answers what stops the DNS server.
    fn endpoint(&self, endpoint: SocketAddr, settings: &ServerSettings) -> CancellationToken {
        let address = settings.cluster.dns_address();
        let mut publishing = PublishSettings::new(address, endpoint, hostname());
        let mut drain = DRAIN;
        if settings.is_alone() {
            publishing.lifetime = None;
            drain = Duration::ZERO;
        }
        let (reflectors, gate) = (self.reflectors.clone(), self.readiness.gate("dns endpoint"));
        let (stop, withdrawn) = (self.stop.clone(), CancellationToken::new());
        let withdrawing = withdrawn.clone().drop_guard();
        self.tasks.spawn(async move {
            let _withdrawing = withdrawing;
            publish(&reflectors, publishing, gate, &stop).await;
            tokio::time::sleep(drain).await;
        });
        withdrawn
    }

    fn ingress(&mut self, proxy: Proxy, settings: &ServerSettings) -> Result<()> {
        let (snapshot, stop) = (ProxySnapshot::shared(tls_provider()?), self.stop.clone());
        self.registry.register_collector(Box::new(proxy.metrics()));
        let controller = IngressController::new(Outputs {
            snapshot: snapshot.clone(),
            recorder: Recorder::spawn(self.client.clone(), COMPONENT, hostname(), stop.clone()),
            metrics: ProblemMetrics::register(&mut self.registry),
            publication: self.publication(settings),
            election: (!settings.is_alone()).then(|| {
                Election::lasting(
                    ObjectName::new(NAMESPACE, COMPONENT),
                    &hostname(),
                    Path::new(STATE),
                )
            }),
            gate: self.readiness.gate("ingress"),
        });
        let gate = self.readiness.gate("packaged objects");
        let (keeper, classes) = packaged::ClassKeeper::new(&self.reflectors, gate);
        self.spawn(control(keeper, classes, || ()));
        let (reflectors, stopped) = (self.reflectors.clone(), self.stop.clone());
        self.tasks
            .spawn(async move { controller.run(&reflectors, &stopped).await });
        self.tasks.spawn(async move {
            if let Err(error) = proxy.serve(snapshot, stop).await {
                error!(%error, "the ingress proxy failed");
            }
        });
        Ok(())
    }

    /// The addresses in the status of Ingresses.
    fn publication(&self, settings: &ServerSettings) -> Publication {
        let own = self.published.web.map(|address| LoadBalancerIngress {
            ip: Some(address.to_string().into()),
            ..LoadBalancerIngress::default()
        });
        let service = settings.publish.published_service.as_ref();
        Publication {
            service: service.map(|service| ObjectName::new(&*service.namespace, &*service.name)),
            own: own.into_iter().collect(),
        }
    }

    /// What a cluster of nodes needs. Of all servers the leader does it.
    fn cluster(&mut self, settings: &ServerSettings) {
        if settings.cloud_controller {
            let settings = CloudSettings::new(&hostname()).lasting(Path::new(STATE));
            let cloud = CloudController::new(settings);
            cloud.metrics().register(&mut self.registry);
            self.tasks
                .spawn(cloud.run(self.reflectors.clone(), self.stop.clone()));
        }
        if let Some(options) = &settings.servicelb {
            self.servicelb(options, settings.runs(Component::Servicelb));
        }
    }

    /// Where ServiceLB is disabled, the leader removes what it left.
    fn servicelb(&self, options: &ServiceLbServerOptions, runs: bool) {
        let duty = if runs { Duty::Serve } else { Duty::Remove };
        let reflectors = self.reflectors.clone();
        self.tasks
            .spawn(servicelb::lead(reflectors, options, duty, self.stop.clone()));
    }

    /// What a kube-controller-manager does for the embedded API server.
    fn controllers(&self, authority: &str) {
        let gate = self.readiness.gate("controllers");
        let settings = kinglet_controllers::ControllerSettings {
            instance: hostname(),
            authority: Some(authority.into()),
            ..Default::default()
        };
        let synced = kinglet_controllers::spawn(&self.client, &settings, &self.stop);
        tokio::spawn(async move {
            synced.await;
            gate.open();
        });
    }

    /// A server that cannot write is not ready.
    fn store(&self, api: ApiServer) {
        let gate = self.readiness.gate("store");
        self.spawn(async move { api.watch_store(|works| gate.set(works)).await });
    }

    fn api(&self, listening: Listening) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            if let Err(error) = listening.serve(stop).await {
                error!(%error, "the API server's listener failed");
            }
        });
    }

    /// Runs a task until the server is stopped.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            // Both outcomes are an end in good order.
            let _ = stop.run_until_cancelled(task).await;
        });
    }
}
