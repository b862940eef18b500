//! Starts a lab: network, API, nodes.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use kinglet_kube::{Recorder, Reflector};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::node::LabNode;
use super::remains::Remains;
use super::running::Lab;
use crate::addressing;
use crate::api::Api;
use crate::error::LabError;
use crate::kubelet::{self, COMPONENT, Cluster, Gate, Kubelet, NodeContext, Plugin, Pod, Registration};
use crate::network::{NodeNetwork, Router};
use crate::place::{self, Place, Resolver};
use crate::registry::{Description, NodeDescription};
use crate::requirements;
use crate::service_proxy::ServiceProxy;
use crate::settings::LabSettings;
use crate::spawner::Spawner;

/// What a lab tells while it starts.
pub type Progress = Arc<dyn Fn(&str) + Send + Sync>;

impl Lab {
    /// Starts a lab and waits until its nodes are ready. What a killed lab of the same name left is removed
    /// first.
    ///
    /// # Errors
    /// Settings or a machine that do not allow it; nothing is left behind then.
    pub async fn start(settings: LabSettings, progress: Progress) -> Result<Self, LabError> {
        settings.validate()?;
        requirements::check(&settings)?;
        // From here on its end removes what a start that fails leaves.
        let remains = Remains::claim(&settings)?;
        let entry = remains.entry.clone();
        let (stop, tasks, spawner) = (CancellationToken::new(), TaskTracker::new(), Spawner::new()?);
        progress("network");
        let router = Router::create(&settings).await?;
        progress("Kubernetes API");
        let api = Api::start(&settings, entry.directory(), &router, &stop).await?;
        let client = client_place(&settings, &router, entry.directory())?;
        let mut lab = Self {
            entry,
            api,
            router,
            nodes: Vec::new(),
            client,
            families: settings.families.clone(),
            stop,
            tasks,
            spawner: spawner.clone(),
            _remains: remains,
        };
        lab.add_nodes(&settings, &spawner, &progress).await?;
        lab.ready().await?;
        lab.entry.describe(&lab.description())?;
        Ok(lab)
    }

    async fn add_nodes(
        &mut self,
        settings: &LabSettings,
        spawner: &Spawner,
        progress: &Progress,
    ) -> Result<(), LabError> {
        let shared = SharedByNodes {
            cluster: self.api.cluster(settings).await?,
            pods: Reflector::spawn(self.api.client.clone(), self.stop.clone()),
            recorder: self.recorder(settings),
            proxy: settings
                .service_proxy
                .then(|| ServiceProxy::new(&self.api.client, settings, &self.stop)),
            spawner: spawner.clone(),
        };
        for number in 1..=settings.nodes {
            self.add_node(settings, number, &shared, progress).await?;
        }
        Ok(())
    }

    fn recorder(&self, settings: &LabSettings) -> Recorder {
        let (client, instance) = (self.api.client.clone(), format!("lab-{}", settings.name));
        Recorder::spawn(client, COMPONENT, instance, self.stop.clone())
    }

    async fn add_node(
        &mut self,
        settings: &LabSettings,
        number: u16,
        shared: &SharedByNodes,
        progress: &Progress,
    ) -> Result<(), LabError> {
        let name = format!("node-{number}");
        progress(&name);
        let network = NodeNetwork::create(settings, &self.router, number).await?;
        let place = self.node_place(&name, &network)?;
        let proxy = shared.proxy.as_ref();
        let served = proxy
            .map(|proxy| proxy.serve(&name, &network, &self.tasks, &self.stop))
            .transpose()?;
        let program = settings.cni_plugin.clone();
        let plugin = program.map(|program| Plugin {
            program,
            socket: place.directory.join("agent.sock"),
        });
        let context = NodeContext {
            lab: settings.name.clone(),
            name,
            network,
            client: self.api.client.clone(),
            recorder: shared.recorder.clone(),
            spawner: shared.spawner.clone(),
            directory: self.entry.directory().to_owned(),
            cluster: shared.cluster.clone(),
            gate: Gate::new(),
            plugin,
        };
        let external = external_addresses(settings, number);
        let token = self.api.kubelet_token();
        let port = token.map_or(0, |_| kubelet::PORT);
        let registration = registration(settings, &context, &external, port);
        let kubelet = Kubelet::new(context);
        if let Some(token) = token {
            self.tasks.spawn(kubelet.listen(token)?.serve(self.stop.clone()));
        }
        let run = kubelet
            .clone()
            .run(registration, shared.pods.clone(), self.stop.clone());
        self.tasks.spawn(run);
        self.nodes.push(LabNode {
            number,
            kubelet,
            place,
            external,
            served,
        });
        Ok(())
    }

    fn node_place(&self, name: &str, network: &NodeNetwork) -> Result<Place, LabError> {
        let description = place::Description {
            label: format!("node:{name}"),
            node: name.to_owned(),
            hostname: name.to_owned(),
            addresses: network.addresses.clone(),
        };
        let path = self.entry.directory().join("nodes").join(name);
        Place::create(
            path.clone(),
            network.namespace.clone(),
            description,
            &Resolver::default(),
        )
        .map_err(|source| LabError::file(&path, source))
    }

    /// Waits until every node has registered and serves what it shall.
    async fn ready(&self) -> Result<(), LabError> {
        for node in &self.nodes {
            node.kubelet.registered().await;
            if let Some(served) = &node.served {
                served.cancelled().await;
            }
        }
        Ok(())
    }

    fn description(&self) -> Description {
        let nodes = self.nodes.iter().map(|node| NodeDescription {
            name: node.kubelet.node().name.clone(),
            addresses: node.kubelet.node().network.addresses.clone(),
            external_addresses: node.external.clone(),
            pod_cidrs: node.kubelet.node().network.pod_cidrs.clone(),
        });
        Description {
            name: self.entry.name().to_owned(),
            pid: std::process::id(),
            kubeconfig: self.api.kubeconfig.clone(),
            inside_kubeconfig: self.api.inside.clone(),
            embedded: self.api.is_embedded(),
            client: self.client.description.addresses.clone(),
            nodes: nodes.collect(),
        }
    }
}

/// What all nodes of a lab are started with.
struct SharedByNodes {
    cluster: Cluster,
    pods: Reflector<Pod>,
    recorder: Recorder,
    /// Absent where somebody else serves Services.
    proxy: Option<ServiceProxy>,
    spawner: Spawner,
}

/// The place of the client behind the router.
fn client_place(settings: &LabSettings, router: &Router, directory: &Path) -> Result<Place, LabError> {
    let families = settings.families.iter();
    let description = place::Description {
        label: "client".to_owned(),
        hostname: "client".to_owned(),
        addresses: families
            .map(|family| addressing::client(*family).addr())
            .collect(),
        node: String::new(),
    };
    let path = directory.join("client");
    Place::create(
        path.clone(),
        router.client.clone(),
        description,
        &Resolver::default(),
    )
    .map_err(|source| LabError::file(&path, source))
}

/// The ExternalIPs of a node, if it is to have some.
fn external_addresses(settings: &LabSettings, number: u16) -> Vec<IpAddr> {
    let families = settings.families.iter().filter(|_| settings.external_addresses);
    families
        .map(|family| addressing::external(*family, number).addr())
        .collect()
}

fn registration(settings: &LabSettings, node: &NodeContext, external: &[IpAddr], port: u16) -> Registration {
    Registration {
        name: node.name.clone(),
        internal: node.network.addresses.clone(),
        external: external.to_owned(),
        pod_cidrs: node.network.pod_cidrs.clone(),
        uninitialized: settings.uninitialized,
        lease: settings.lease,
        port,
    }
}
