//! The parts of a server: which run, and what each is given.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};
use kinglet_addons::Directory;
use kinglet_apiserver::Listening;
use kinglet_cloud::{CloudController, CloudSettings};
use kinglet_config::{Component, ServiceLbServerOptions};
use kinglet_dns_controller::DnsController;
use kinglet_dns_server::DnsServer;
use kinglet_dns_zone::{ZoneBuilder, ZoneSettings};
use kinglet_ingress_controller::{COMPONENT, IngressController, Outputs, ProblemMetrics};
use kinglet_ingress_proxy::{Proxy, ProxySnapshot};
use kinglet_kube::{Client, Recorder, Reflectors, metrics};
use kinglet_model::LoadBalancerIngress;
use kinglet_servicelb::Duty;
use kinglet_telemetry::{Readiness, Registry};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::error;

use super::listeners::{Addresses, Listeners, reachable};
use super::packaged;
use super::settings::{ServerSettings, Source};
use crate::host::{STATE, hostname, tls_provider};
use crate::services::servicelb;

/// What parts share while they are started.
pub(super) struct Parts<'a> {
    client: Client,
    /// A kind is watched from the moment when a part that runs asks for it.
    reflectors: Reflectors,
    addresses: Addresses,
    registry: Registry,
    readiness: &'a Readiness,
    tasks: &'a TaskTracker,
    stop: CancellationToken,
}

impl<'a> Parts<'a> {
    pub(super) fn new(
        client: Client,
        addresses: Addresses,
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
            addresses,
            registry,
            readiness,
            tasks,
            stop,
        }
    }

    /// Starts what the settings ask for.
    pub(super) fn start(mut self, listeners: Listeners, settings: &ServerSettings) -> Result<()> {
        self.packaged(settings);
        if let Some(server) = listeners.dns {
            self.dns(server, &settings.cluster.cluster_domain)?;
        }
        if matches!(settings.source, Source::Cluster(_)) {
            self.cluster(settings);
        }
        if let Some(proxy) = listeners.proxy {
            self.ingress(proxy)?;
        }
        if let Some((_, listening)) = listeners.api {
            self.controllers();
            self.api(listening);
        }
        let admin = listeners.admin;
        self.tasks
            .spawn(admin.serve(self.registry, self.readiness.clone(), self.stop));
        Ok(())
    }

    /// Objects that Kinglet brings, then the user's directory.
    fn packaged(&self, settings: &ServerSettings) {
        let gate = self.readiness.gate("packaged objects");
        let mut objects = Vec::new();
        if let Some(listener) = self.addresses.dns {
            let listener = SocketAddr::new(reachable(listener), listener.port());
            objects.extend(packaged::dns(settings.cluster.dns_address(), listener));
        }
        if self.addresses.web.is_some() {
            objects.push(packaged::ingress_class());
        }
        let directory = settings.manifests.clone();
        let directory = directory.map(|path| Directory::new(path, self.client.clone()));
        let client = self.client.clone();
        self.spawn(async move {
            for failure in kinglet_addons::apply(&client, &objects).await {
                error!(error = %failure, "cannot apply a packaged object");
            }
            gate.open();
            if let Some(directory) = directory {
                directory.watch().await;
            }
        });
    }

    fn dns(&mut self, server: DnsServer, domain: &str) -> Result<()> {
        let settings = ZoneSettings {
            domain: domain.to_owned(),
            local_addresses: self.addresses.dns.map(reachable).into_iter().collect(),
            ..ZoneSettings::default()
        };
        let zone = ZoneBuilder::new(&settings).context("--cluster-domain")?;
        let controller = DnsController::new(zone, self.readiness.gate("dns"));
        let (snapshot, stop) = (controller.snapshot(), self.stop.clone());
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

    fn ingress(&mut self, proxy: Proxy) -> Result<()> {
        let (snapshot, stop) = (ProxySnapshot::shared(tls_provider()?), self.stop.clone());
        self.registry.register_collector(Box::new(proxy.metrics()));
        let controller = IngressController::new(Outputs {
            snapshot: snapshot.clone(),
            recorder: Recorder::spawn(self.client.clone(), COMPONENT, hostname(), stop.clone()),
            metrics: ProblemMetrics::register(&mut self.registry),
            published: self.published(),
            gate: self.readiness.gate("ingress"),
        });
        let reflectors = self.reflectors.clone();
        self.spawn(async move { controller.run(&reflectors).await });
        self.tasks.spawn(async move {
            if let Err(error) = proxy.serve(snapshot, stop).await {
                error!(%error, "the ingress proxy failed");
            }
        });
        Ok(())
    }

    /// The addresses in the status of Ingresses.
    fn published(&self) -> Vec<LoadBalancerIngress> {
        let address = self.addresses.web.map(reachable);
        let published = address.map(|address| LoadBalancerIngress {
            ip: Some(address.to_string().into()),
            ..LoadBalancerIngress::default()
        });
        published.into_iter().collect()
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
    fn controllers(&self) {
        let gate = self.readiness.gate("controllers");
        let settings = kinglet_controllers::Settings {
            instance: hostname(),
            ..Default::default()
        };
        let synced = kinglet_controllers::spawn(&self.client, &settings, &self.stop);
        tokio::spawn(async move {
            synced.await;
            gate.open();
        });
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
