//! A lab: started, asked, ended.

use std::fs::File;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kinglet_kube::{Client, Collection, Deletion, Recorder, Reflector, Resource};
use kinglet_model::{Node, ObjectName};
use nix::fcntl::Flock;
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::LabError;
use crate::addressing;
use crate::api::Api;
use crate::control::{self, Request};
use crate::kubelet::{COMPONENT, Gate, Kubelet, NodeContext, Plugin, Pod, Registration};
use crate::network::{NodeNetwork, Outside};
use crate::place::{self, Place, Resolver};
use crate::registry::{Description, Entry, NodeDescription};
use crate::requirements;
use crate::service_proxy::ServiceProxy;
use crate::settings::Settings;
use crate::spawner::Spawner;

/// What a lab tells while it starts.
pub type Progress = Arc<dyn Fn(&str) + Send + Sync>;

/// A running lab. Dropping it ends it and removes everything that it made.
pub struct Lab {
    entry: Entry,
    api: Api,
    outside: Outside,
    nodes: Vec<LabNode>,
    client: Place,
    families: Vec<addressing::Family>,
    stop: CancellationToken,
    tasks: TaskTracker,
    /// Programs end with it.
    spawner: Spawner,
    /// Removes what is left, after everything else has ended.
    _remains: Remains,
}

/// Starts programs in places of a lab.
#[derive(Clone, Debug)]
pub struct Starter {
    spawner: Spawner,
}

impl Starter {
    /// Starts a program. It is killed when its handle is dropped.
    pub async fn start(
        &self,
        command: std::process::Command,
        place: &Place,
    ) -> std::io::Result<tokio::process::Child> {
        self.spawner.spawn(command, place).await
    }
}

struct LabNode {
    number: u16,
    kubelet: Kubelet,
    place: Place,
    external: Vec<IpAddr>,
    /// Cancelled when the node serves all Services; absent where somebody else does.
    served: Option<CancellationToken>,
}

/// Removes namespaces and directory when it goes, then lets the name go.
struct Remains {
    entry: Entry,
    _lock: Flock<File>,
}

impl Drop for Remains {
    fn drop(&mut self) {
        if let Err(error) = self.entry.remove() {
            tracing::warn!(%error, "not everything of the lab could be removed");
        }
    }
}

impl Lab {
    /// Starts a lab and waits until its nodes are ready. What a killed lab of the same name left is removed
    /// first.
    ///
    /// # Errors
    /// Settings or a machine that do not allow it; nothing is left behind then.
    pub async fn start(settings: Settings, progress: Progress) -> Result<Self, LabError> {
        settings.validate()?;
        requirements::check(&settings)?;
        let remains = claim(&settings)?;
        let entry = remains.entry.clone();
        let (stop, tasks, spawner) = (CancellationToken::new(), TaskTracker::new(), Spawner::new()?);
        progress("network");
        let outside = Outside::create(&settings).await?;
        progress("Kubernetes API");
        let api = Api::start(&settings, entry.directory(), &outside, &stop).await?;
        let client = place::Description {
            label: "client".to_owned(),
            hostname: "client".to_owned(),
            addresses: settings
                .families
                .iter()
                .map(|family| addressing::client(*family).addr())
                .collect(),
            node: String::new(),
        };
        let path = entry.directory().join("client");
        let client = Place::create(path.clone(), outside.client.clone(), client, &Resolver::default())
            .map_err(|source| LabError::file(&path, source))?;
        let mut lab = Self {
            entry,
            api,
            outside,
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
        settings: &Settings,
        spawner: &Spawner,
        progress: &Progress,
    ) -> Result<(), LabError> {
        let cluster = self.api.cluster(settings).await?;
        let pods: Reflector<Pod> = Reflector::spawn(self.api.client.clone(), self.stop.clone());
        let recorder = Recorder::spawn(
            self.api.client.clone(),
            COMPONENT,
            format!("lab-{}", settings.name),
            self.stop.clone(),
        );
        let proxy = settings
            .service_proxy
            .then(|| ServiceProxy::new(&self.api.client, settings, &self.stop));
        for number in 1..=settings.nodes {
            let name = format!("node-{number}");
            progress(&name);
            let network = NodeNetwork::create(settings, &self.outside, number).await?;
            let place = self.node_place(&name, &network)?;
            let served = proxy
                .as_ref()
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
                recorder: recorder.clone(),
                spawner: spawner.clone(),
                directory: self.entry.directory().to_owned(),
                cluster: cluster.clone(),
                gate: Gate::new(),
                plugin,
            };
            self.add_node(settings, number, context, place, served, pods.clone());
        }
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

    fn add_node(
        &mut self,
        settings: &Settings,
        number: u16,
        context: NodeContext,
        place: Place,
        served: Option<CancellationToken>,
        pods: Reflector<Pod>,
    ) {
        let external: Vec<IpAddr> = settings
            .families
            .iter()
            .filter(|_| settings.external_addresses)
            .map(|family| addressing::external(*family, number).addr())
            .collect();
        let registration = Registration {
            name: context.name.clone(),
            internal: context.network.addresses.clone(),
            external: external.clone(),
            pod_cidrs: context.network.pod_cidrs.clone(),
            uninitialized: settings.uninitialized,
            lease: settings.lease,
        };
        let kubelet = Kubelet::new(context);
        self.tasks
            .spawn(kubelet.clone().run(registration, pods, self.stop.clone()));
        self.nodes.push(LabNode {
            number,
            kubelet,
            place,
            external,
            served,
        });
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

    /// A client of the lab's API.
    pub fn client(&self) -> &Client {
        &self.api.client
    }

    /// The kubeconfig for clients on the host.
    pub fn kubeconfig(&self) -> &Path {
        &self.api.kubeconfig
    }

    /// The kubeconfig for clients on nodes and in pods.
    pub fn inside_kubeconfig(&self) -> PathBuf {
        self.api.inside.clone()
    }

    /// Where other processes find the lab.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// IP families, the primary one first.
    pub fn families(&self) -> &[addressing::Family] {
        &self.families
    }

    /// The place that `NAMESPACE/POD`, `node:NAME` or `client` means.
    pub fn place(&self, text: &str) -> Result<Place, LabError> {
        self.entry.place(text)
    }

    fn node(&self, name: &str) -> Result<&LabNode, LabError> {
        let found = self.nodes.iter().find(|node| node.kubelet.node().name == name);
        found.ok_or_else(|| LabError::NoSuchPlace(format!("no node {name}")))
    }

    /// Addresses of a node, the primary family first.
    pub fn node_addresses(&self, name: &str) -> Result<&[IpAddr], LabError> {
        Ok(&self.node(name)?.place.description.addresses)
    }

    /// ExternalIPs of a node, the primary family first.
    pub fn external_addresses(&self, name: &str) -> Result<&[IpAddr], LabError> {
        Ok(&self.node(name)?.external)
    }

    /// Cuts a node off: from the other nodes, the client and the API.
    pub async fn partition(&self, node: &str) -> Result<(), LabError> {
        let node = self.node(node)?;
        node.kubelet.node().gate.set(false);
        Ok(self.outside.set_connected(node.number, false).await?)
    }

    /// Connects it again.
    pub async fn heal(&self, node: &str) -> Result<(), LabError> {
        let node = self.node(node)?;
        self.outside.set_connected(node.number, true).await?;
        node.kubelet.node().gate.set(true);
        Ok(())
    }

    /// Kills a pod's sandbox with all that runs in it. Its node makes a new one, with new addresses.
    pub fn kill(&self, pod: &str) -> Result<(), LabError> {
        let (namespace, name) = pod.split_once('/').unwrap_or(("default", pod));
        let name = ObjectName::new(namespace, name);
        if self.nodes.iter().any(|node| node.kubelet.kill(&name)) {
            Ok(())
        } else {
            Err(LabError::NoSuchPlace(format!("no pod {name} runs in the lab")))
        }
    }

    /// What starts programs in places of the lab; for tasks that outlive a borrow of the lab, but not the
    /// lab.
    pub fn starter(&self) -> Starter {
        Starter {
            spawner: self.spawner.clone(),
        }
    }

    /// Starts a program of this machine in a place. It is killed when the lab ends, or when its handle is
    /// dropped.
    pub async fn spawn(
        &self,
        place: &str,
        command: std::process::Command,
    ) -> Result<tokio::process::Child, LabError> {
        Ok(self.starter().start(command, &self.place(place)?).await?)
    }

    /// Carries out commands of other processes until one of them ends the lab, or `stop` is cancelled.
    pub async fn serve(&self, stop: CancellationToken) -> Result<(), LabError> {
        let path = self.entry.socket();
        let listener = UnixListener::bind(&path).map_err(|source| LabError::file(&path, source))?;
        let handle = |request| {
            let stop = stop.clone();
            async move {
                match request {
                    Request::Partition { node } => self.partition(&node).await,
                    Request::Heal { node } => self.heal(&node).await,
                    Request::Kill { pod } => self.kill(&pod),
                    Request::Down => {
                        stop.cancel();
                        Ok(())
                    }
                }
            }
        };
        control::serve(listener, handle, stop.clone()).await;
        Ok(())
    }

    /// Ends the lab in good order. On a cluster that stays, the lab's Nodes are removed from it.
    pub async fn end(self) {
        if !self.api.is_embedded() {
            self.unregister().await;
        }
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.api.close().await;
    }

    async fn unregister(&self) {
        let nodes = Collection::new(self.api.client.clone(), Resource::of::<Node>());
        for node in &self.nodes {
            let name = ObjectName::cluster(node.kubelet.node().name.as_str());
            if let Err(error) = nodes.delete(&name, &Deletion::default()).await {
                tracing::warn!(node = %name, %error, "cannot remove the Node from the cluster");
            }
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Takes the lab's name and removes what a killed lab of that name left.
fn claim(settings: &Settings) -> Result<Remains, LabError> {
    let entry = Entry::of(&settings.state_root, &settings.name);
    drop(entry.lock()?);
    entry.remove()?;
    let lock = entry.lock()?;
    Ok(Remains { entry, _lock: lock })
}

/// Ends a lab of another process, whether it runs or was killed; everything of it is removed.
pub fn down(root: &Path, name: &str) -> Result<bool, LabError> {
    let entry = Entry::of(root, name);
    let was_there = entry.directory().exists();
    if entry.is_running() {
        end_running(&entry)?;
    }
    entry.remove()?;
    Ok(was_there)
}

/// How long a lab may take to end in good order.
const ENDING: std::time::Duration = std::time::Duration::from_secs(10);

fn end_running(entry: &Entry) -> Result<(), LabError> {
    let description = entry.description();
    if control::send(&entry.socket(), &Request::Down).is_err() {
        signal(description.as_ref().ok(), nix::sys::signal::Signal::SIGTERM);
    }
    let deadline = std::time::Instant::now() + ENDING;
    while entry.is_running() {
        if std::time::Instant::now() > deadline {
            signal(description.as_ref().ok(), nix::sys::signal::Signal::SIGKILL);
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    Ok(())
}

fn signal(description: Option<&Description>, signal: nix::sys::signal::Signal) {
    let pid = description.and_then(|description| i32::try_from(description.pid).ok());
    if let Some(pid) = pid {
        // Gone already is fine.
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal);
    }
}

/// Sends a command to a running lab.
pub fn command(root: &Path, name: &str, request: &Request) -> Result<(), LabError> {
    let entry = Entry::of(root, name);
    if !entry.is_running() {
        return Err(LabError::NotRunning(name.to_owned()));
    }
    control::send(&entry.socket(), request)
}
