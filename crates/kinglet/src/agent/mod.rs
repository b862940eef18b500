//! Kinglet's part of a node: Services and policies in the kernel, and what the cloud controller is told of
//! the node.

mod condition;

use std::sync::Arc;

use anyhow::{Context, Result};
use kinglet_cloud::agent::{AgentSettings, SystemHost};
use kinglet_config::{AgentOptions, Component};
use kinglet_dataplane::{AddressKinds, DataplaneSettings};
use kinglet_dataplane_agent::{Kernel, Outputs, ServicesAgent, Sources, serve_health};
use kinglet_kube::{Client, Reflectors};
use kinglet_netpol::{AdmissionRequests, PodAdmission};
use kinglet_servicelb::agent::Metrics as ServiceLbMetrics;
use kinglet_telemetry::{AdminServer, Readiness, Registry};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info};

use self::condition::ConditionWriter;
use crate::health;
use crate::services::{cni, netpol, service_proxy, servicelb};

/// The running parts.
pub(crate) struct Agent {
    client: Client,
    node: AgentSettings,
    reflectors: Reflectors,
    readiness: Readiness,
    tasks: TaskTracker,
}

impl Agent {
    /// Takes the admin address and opens the kernel, then starts every part. Parts end when `stop` is
    /// cancelled; rules in the kernel stay.
    ///
    /// # Errors
    /// Ranges that contradict each other, a kubeconfig that cannot be used, a taken address, a kernel without
    /// nftables.
    pub(crate) async fn start(options: AgentOptions, stop: CancellationToken) -> Result<Self> {
        options.validate()?;
        let admin = AdminServer::bind(options.admin.admin_listen)
            .await
            .with_context(|| format!("--admin-listen {}", options.admin.admin_listen))?;
        let kernel = Kernel::open().context("cannot open nftables")?;
        if options.network_policy.disable_network_policy {
            netpol::remove()?;
        }
        let client = kinglet_kube::connect(options.kubeconfig.as_deref()).await?;
        let readiness = Readiness::default();
        let (reflectors, mut registry) =
            health::reflectors(client.clone(), &options.admin, &readiness, stop.clone());
        let agent = Self {
            client,
            node: node(&options),
            reflectors,
            readiness: readiness.clone(),
            tasks: TaskTracker::new(),
        };
        info!(node = %agent.node.node_name, admin = %admin.local_addr()?, "serving the node");
        if !options.cloud.disable_cloud_controller {
            let annotated = kinglet_cloud::agent::run(
                agent.reflectors.clone(),
                agent.node.clone(),
                SystemHost,
                stop.clone(),
            );
            agent.tasks.spawn(annotated);
        }
        agent.spawn_services(kernel, &options, &mut registry, &stop);
        let enforces = !options.network_policy.disable_network_policy;
        let (admission, requests) = PodAdmission::new();
        if enforces {
            agent.spawn_policies(&options, requests, &mut registry, &stop)?;
        }
        agent.spawn_condition(&stop);
        let cni = cni::CniParts {
            socket: options.cni_socket,
            client: agent.client.clone(),
            pods: agent.reflectors.of(),
            node: agent.node.node_name.as_str().into(),
            admission: enforces.then_some(admission),
        };
        agent.tasks.spawn(cni::serve(cni, stop.clone())?);
        agent.tasks.spawn(admin.serve(registry, readiness, stop));
        Ok(agent)
    }

    fn spawn_services(
        &self,
        kernel: Kernel,
        options: &AgentOptions,
        registry: &mut Registry,
        stop: &CancellationToken,
    ) {
        let mut outputs = Outputs::default();
        outputs.metrics.register(registry);
        health::follow(
            "services lag",
            outputs.metrics.lag(),
            &options.lag,
            &self.readiness,
        );
        let localhost = service_proxy::prepare(&options.proxy);
        let settings = DataplaneSettings {
            node: self.node.node_name.as_str().into(),
            cluster_cidrs: options.pods.cluster_cidr.clone(),
            localhost_node_ports: localhost.is_some(),
            kinds: kinds(options.proxy.service_proxy),
            ..DataplaneSettings::default()
        };
        let mut sources = Sources::of(&self.reflectors);
        if options.components.runs(Component::Servicelb) {
            let (served, told) = watch::channel(None);
            let node = self.node.node_name.as_str().into();
            servicelb::tell_mode(&options.servicelb);
            let metrics = ServiceLbMetrics::default();
            metrics.register(registry);
            health::follow("servicelb lag", metrics.lag(), &options.lag, &self.readiness);
            let share = servicelb::share(&self.reflectors, &options.servicelb, node, told, &metrics, stop);
            sources.shares = Some(share);
            outputs.served = Some(served);
        }
        if options.proxy.service_proxy {
            let (health, checks) = watch::channel(Arc::default());
            outputs.health = Some(health);
            self.tasks.spawn(serve_health(checks, stop.clone()));
        }
        let agent = ServicesAgent {
            kernel,
            settings,
            sources,
            outputs,
        };
        let (gate, stop) = (self.readiness.gate("services"), stop.clone());
        self.tasks.spawn(async move {
            let opened = gate.clone();
            let synced = move || {
                localhost.iter().for_each(service_proxy::serve_localhost);
                opened.open();
            };
            if let Err(error) = agent.run(synced, stop).await {
                error!(%error, "the Services agent has stopped: rules stay as they are, and changes of Services have no effect");
                gate.set(false);
            }
        });
    }

    fn spawn_policies(
        &self,
        options: &AgentOptions,
        requests: AdmissionRequests,
        registry: &mut Registry,
        stop: &CancellationToken,
    ) -> Result<()> {
        let part = netpol::Part {
            node: self.node.node_name.as_str().into(),
            cluster_cidrs: options.pods.cluster_cidr.clone(),
            requests,
            deny: options.enforcement.network_policy_deny,
            period: options.enforcement.period(),
            max_watch_age: options.admin.max_watch_age(),
            lag: options.lag.clone(),
            started: cni::started(&options.cni_socket),
        };
        let enforced = netpol::enforce(&self.reflectors, part, registry, &self.readiness, stop.clone())?;
        self.tasks.spawn(enforced);
        Ok(())
    }

    /// Tells the cluster whether the agent is ready.
    fn spawn_condition(&self, stop: &CancellationToken) {
        let writer = ConditionWriter::new(&self.reflectors, &self.node.node_name, self.readiness.clone());
        let stop = stop.clone();
        self.tasks.spawn(async move {
            // Both outcomes are an end in good order.
            let _ = stop.run_until_cancelled(writer.run()).await;
        });
    }

    /// Waits until every part is ready.
    pub(crate) async fn ready(&self) {
        self.readiness.ready().await;
    }

    /// Waits until every part has ended in good order.
    pub(crate) async fn stopped(self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Beside a kube-proxy only what is a load balancer's.
fn kinds(service_proxy: bool) -> AddressKinds {
    AddressKinds {
        cluster_ips: service_proxy,
        node_ports: service_proxy,
        ..AddressKinds::default()
    }
}

fn node(options: &AgentOptions) -> AgentSettings {
    let node = options.node.clone();
    AgentSettings {
        node_ips: node.node_ip,
        node_external_ips: node.node_external_ip,
        node_internal_dns: node.node_internal_dns,
        node_external_dns: node.node_external_dns,
        ..AgentSettings::new(node.node_name, &SystemHost)
    }
}
