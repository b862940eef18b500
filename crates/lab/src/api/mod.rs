//! The lab's Kubernetes API: an embedded server, or the cluster of a kubeconfig; after that there is no
//! difference.

mod kubeconfig;
mod relay;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use kinglet_apiserver::{ApiServer, KubeletClient};
use kinglet_kube::{Client, Collection, Resource};
use kinglet_model::{EndpointSlice, ObjectName, Service};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::addressing;
use crate::error::LabError;
use crate::kubelet::Cluster;
use crate::network::Router;
use crate::settings::LabSettings;

use self::kubeconfig::Kubeconfig;

/// Port at which the router passes connections on to the API server.
const PORT: u16 = 6443;
/// How long a given cluster may take to answer at the start.
const PATIENCE: Duration = Duration::from_secs(30);

/// The API.
pub(crate) struct Api {
    pub(crate) client: Client,
    /// For clients on the host.
    pub(crate) kubeconfig: PathBuf,
    /// For clients on nodes and in pods, who reach the API at the router.
    pub(crate) inside: PathBuf,
    embedded: Option<Embedded>,
    /// Ends the server and the way to it: after everybody who uses it.
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Api {
    /// Starts the embedded server, or connects to the given cluster, and opens the way to it from inside the
    /// lab.
    pub(crate) async fn start(
        settings: &LabSettings,
        directory: &Path,
        router: &Router,
        clients_stop: &CancellationToken,
    ) -> Result<Self, LabError> {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (kubeconfig, embedded) = match &settings.kubeconfig {
            Some(path) => (std::path::absolute(path).unwrap_or_else(|_| path.clone()), None),
            None => {
                let path = directory.join("kubeconfig.yaml");
                let server = embed(settings, directory, &path, router, &tasks, &stop).await?;
                (path, Some(server))
            }
        };
        let client = kinglet_kube::connect(Some(&kubeconfig)).await?;
        answers(&client, &kubeconfig).await?;
        if let Some(Embedded { server, .. }) = &embedded {
            control(&client, settings, server.ca(), clients_stop).await;
        }
        let inside = directory.join("kubeconfig-inside.json");
        let file = Kubeconfig::read(&kubeconfig)?;
        let address = settings
            .families
            .first()
            .map(|family| addressing::router(*family).addr());
        let entrance = SocketAddr::new(address.unwrap_or(Ipv4Addr::LOCALHOST.into()), PORT);
        file.write_for(entrance, &inside)?;
        let api = Self {
            client,
            kubeconfig,
            inside,
            embedded,
            stop,
            tasks,
        };
        api.open(settings, router, file.server()).await?;
        Ok(api)
    }

    /// Passes on what comes to the router, and to where the Service `kubernetes` points.
    async fn open(
        &self,
        settings: &LabSettings,
        router: &Router,
        server: SocketAddr,
    ) -> Result<(), LabError> {
        let own = settings
            .families
            .iter()
            .map(|family| addressing::router(*family).addr());
        let mut entrances: Vec<SocketAddr> = own.map(|address| SocketAddr::new(address, PORT)).collect();
        for address in self.advertised().await? {
            // The router's own loopback cannot be reached from nodes.
            if !entrances.contains(&address) && !address.ip().is_loopback() {
                router.own(address.ip()).await?;
                entrances.push(address);
            }
        }
        for entrance in entrances {
            let listener = router
                .namespace
                .listen(entrance)
                .map_err(|source| LabError::Relay {
                    address: entrance,
                    source,
                })?;
            self.tasks
                .spawn(relay::serve(listener, server, self.stop.clone()));
        }
        Ok(())
    }

    async fn advertised(&self) -> Result<Vec<SocketAddr>, LabError> {
        let slices = Collection::new(self.client.clone(), Resource::of::<EndpointSlice>());
        let all: Vec<EndpointSlice> = slices.list("default").await?;
        let own = all.iter().filter(|slice| {
            slice
                .service()
                .is_some_and(|service| *service.name == *"kubernetes")
        });
        let addresses = own.flat_map(|slice| {
            let ports: Vec<u16> = slice.ports.iter().filter_map(|port| port.port).collect();
            let addresses = slice.endpoints.iter().flat_map(|endpoint| &endpoint.addresses);
            let parsed: Vec<std::net::IpAddr> =
                addresses.filter_map(|address| address.parse().ok()).collect();
            parsed.into_iter().flat_map(move |address| {
                ports
                    .clone()
                    .into_iter()
                    .map(move |port| SocketAddr::new(address, port))
            })
        });
        Ok(addresses.collect())
    }

    /// What pods are told of the cluster.
    pub(crate) async fn cluster(&self, settings: &LabSettings) -> Result<Cluster, LabError> {
        let services = Collection::new(self.client.clone(), Resource::of::<Service>());
        let kubernetes: Service = services.get(&ObjectName::new("default", "kubernetes")).await?;
        let mut variables = Vec::new();
        if let (Some(address), Some(port)) = (kubernetes.cluster_ips.first(), kubernetes.ports.first()) {
            // By these two client libraries in pods find the API (`rest.InClusterConfig` of client-go).
            variables.push(("KUBERNETES_SERVICE_HOST".to_owned(), address.to_string()));
            variables.push(("KUBERNETES_SERVICE_PORT".to_owned(), port.port.to_string()));
        }
        Ok(Cluster {
            dns: settings.dns_addresses(),
            domain: settings.cluster_domain.clone(),
            variables,
        })
    }

    /// Ends the way to the server and, if it goes with the lab, the server, with everything written.
    pub(crate) async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        if let Some(embedded) = &self.embedded {
            embedded.server.close().await;
        }
    }

    /// The bearer token by which the server is known to the kubelets; `None` when it is a given cluster's,
    /// which cannot reach them.
    pub(crate) fn kubelet_token(&self) -> Option<&str> {
        self.embedded
            .as_ref()
            .map(|embedded| embedded.kubelet_token.as_str())
    }

    /// Whether the cluster goes with the lab.
    pub(crate) fn is_embedded(&self) -> bool {
        self.embedded.is_some()
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A server that goes with the lab.
struct Embedded {
    server: ApiServer,
    kubelet_token: String,
}

/// Kubelets are reached over the nodes' network, as those of nodes on a wire: a node that is cut off cannot
/// be asked either.
fn kubelet_client(router: &Router, token: &str) -> KubeletClient {
    let outside = router.namespace.clone();
    KubeletClient::new(token, move |address| {
        let outside = outside.clone();
        Box::pin(async move { outside.connect(address).await })
    })
}

async fn embed(
    settings: &LabSettings,
    directory: &Path,
    kubeconfig: &Path,
    router: &Router,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> Result<Embedded, LabError> {
    let kubelet_token = uuid::Uuid::new_v4().to_string();
    let family = settings.families.first().copied();
    let settings = kinglet_apiserver::ApiServerSettings {
        data_dir: Some(directory.join("api")),
        listen: settings.api_listen,
        // Pods cannot reach the host, but the relay on the router.
        advertise: family.map(|family| SocketAddr::new(addressing::router(family).addr(), PORT)),
        service_cidrs: settings.service_cidrs.clone(),
        cluster_domain: settings.cluster_domain.clone(),
        kubelets: Some(kubelet_client(router, &kubelet_token)),
        ..kinglet_apiserver::ApiServerSettings::default()
    };
    let opened = tokio::task::spawn_blocking(move || ApiServer::open(settings)).await;
    let server = opened.map_err(|error| LabError::Api(error.to_string()))??;
    let listening = server.bind()?;
    server
        .write_kubeconfig(kubeconfig)
        .map_err(|source| LabError::file(kubeconfig, source))?;
    let stop = stop.clone();
    tasks.spawn(async move {
        if let Err(error) = listening.serve(stop).await {
            tracing::error!(%error, "the API server's listener failed");
        }
    });
    Ok(Embedded {
        server,
        kubelet_token,
    })
}

/// What a cluster's control plane does beside its API server.
async fn control(client: &Client, settings: &LabSettings, authority: &str, stop: &CancellationToken) {
    let instance = format!("lab-{}", settings.name);
    let workloads = kinglet_lab_workloads::WorkloadSettings {
        instance: instance.clone(),
        node_grace_period: settings.lease,
    };
    let workloads = kinglet_lab_workloads::spawn(client, &workloads, stop);
    let controllers = kinglet_controllers::ControllerSettings {
        instance,
        authority: Some(authority.into()),
        ..kinglet_controllers::ControllerSettings::default()
    };
    kinglet_controllers::spawn(client, &controllers, stop).await;
    workloads.await;
}

/// Waits until the API server answers.
async fn answers(client: &Client, kubeconfig: &Path) -> Result<(), LabError> {
    let services = Collection::new(client.clone(), Resource::of::<Service>());
    let kubernetes = ObjectName::new("default", "kubernetes");
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        match services.get::<Service>(&kubernetes).await {
            Ok(_) => return Ok(()),
            Err(error) if tokio::time::Instant::now() > deadline => {
                return Err(LabError::Api(format!("{}: {error}", kubeconfig.display())));
            }
            Err(error) => {
                tracing::debug!(%error, "the API server does not answer yet");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}
