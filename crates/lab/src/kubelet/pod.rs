//! The life of one pod on its node: sandbox, containers, status, end.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kinglet_kube::Severity::{Normal, Warning};
use kinglet_kube::{Backoff, Collection, Deletion, Resource};
use kinglet_model::Object;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::network::{Attachment, HostPort, namespace_name};
use crate::place::{Description, Place};

use super::container::Stop;
use super::context::{NodeContext, Sandbox};
use super::spec::Pod;
use super::state::{ContainerState, PodState, Shared};
use super::{containers, limits, naming};

/// What is wanted of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Running,
    /// It is being deleted and has this time.
    Ended(Duration),
    /// Its object is gone, or the lab ends.
    Gone,
}

/// One pod.
pub(crate) struct Worker {
    pub(crate) node: Arc<NodeContext>,
    pub(crate) pod: Arc<Pod>,
    pub(crate) wanted: watch::Receiver<Wanted>,
    /// Counts how often somebody killed the pod's sandbox.
    pub(crate) kills: watch::Receiver<u64>,
}

/// How the life of a sandbox ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Nothing runs any more, or shall run.
    Over,
    /// The sandbox was killed and the pod starts again in a new one.
    Again,
}

impl Worker {
    /// Lives until the pod is gone.
    pub(crate) async fn run(mut self) {
        let state = Shared::new(initial(&self.pod));
        self.tell_limits();
        let publisher = tokio::spawn(publish(self.node.clone(), self.pod.clone(), state.clone()));
        while let Some((sandbox, attachment)) = self.sandbox(&state).await {
            let outcome = self.live(&sandbox).await;
            self.leave(&sandbox, attachment.as_ref()).await;
            if outcome == Outcome::Over {
                break;
            }
            let note = "Pod sandbox changed, it will be killed and re-created.".to_owned();
            self.node.report(&self.pod, Normal, "SandboxChanged", note);
            state.change(restarted);
        }
        self.until(|wanted| wanted != Wanted::Running).await;
        publisher.abort();
        self.remove(&state).await;
    }

    fn tell_limits(&self) {
        let all = limits::limits(&self.pod);
        if !all.is_empty() {
            self.node.report(&self.pod, Normal, "LabLimits", all.join("; "));
        }
    }

    async fn until(&mut self, condition: impl Fn(Wanted) -> bool) -> Wanted {
        match self.wanted.wait_for(|wanted| condition(*wanted)).await {
            Ok(wanted) => *wanted,
            Err(_) => Wanted::Gone,
        }
    }

    /// Makes the pod's network and files, as often as it takes. `None` when the pod is no longer wanted.
    async fn sandbox(&mut self, state: &Shared) -> Option<(Sandbox, Option<Attachment>)> {
        let mut backoff = Backoff::new();
        loop {
            if *self.wanted.borrow() != Wanted::Running {
                return None;
            }
            match self.try_sandbox(state).await {
                Ok(made) => return Some(made),
                Err(reason) => {
                    let note = format!("Failed to create pod sandbox: {reason}");
                    self.node
                        .report(&self.pod, Warning, "FailedCreatePodSandBox", note);
                }
            }
            tokio::select! {
                () = tokio::time::sleep(backoff.pause()) => {}
                _ = self.wanted.changed() => {}
            }
        }
    }

    async fn try_sandbox(&self, state: &Shared) -> Result<(Sandbox, Option<Attachment>), String> {
        let (node, pod) = (&self.node, &self.pod);
        let attachment = if pod.spec.host_network {
            None
        } else {
            let attached = node.network.attach(&self.namespace(), &self.link()).await;
            Some(attached.map_err(|error| error.to_string())?)
        };
        let (namespace, addresses) = match &attachment {
            Some(attachment) => (attachment.namespace.clone(), attachment.addresses.clone()),
            None => (node.network.namespace.clone(), node.network.addresses.clone()),
        };
        let description = Description {
            label: pod.object_name().to_string(),
            node: node.name.clone(),
            hostname: if pod.spec.host_network {
                node.name.clone()
            } else {
                naming::hostname(pod)
            },
            addresses: addresses.clone(),
        };
        let directory = node.directory.join("pods").join(&*pod.metadata.uid);
        let resolver = naming::resolver(pod, &node.cluster);
        let place = Place::create(directory, namespace, description, &resolver)
            .and_then(|place| self.name(&place).map(|()| place))
            .map_err(|error| format!("files: {error}"))?;
        let ports = host_ports(pod, &addresses);
        if attachment.is_some() {
            node.network
                .open_ports(&ports)
                .map_err(|error| error.to_string())?;
        }
        state.change(|state| state.addresses = addresses);
        let sandbox = Sandbox {
            node: node.clone(),
            pod: pod.clone(),
            place,
            state: state.clone(),
        };
        Ok((sandbox, attachment))
    }

    /// Lets other processes find the pod by its name.
    fn name(&self, place: &Place) -> std::io::Result<()> {
        let link = self.by_name();
        if let Some(parent) = link.parent() {
            std::fs::create_dir_all(parent)?;
        }
        match std::fs::remove_file(&link) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        std::os::unix::fs::symlink(&place.directory, link)
    }

    fn by_name(&self) -> std::path::PathBuf {
        let meta = &self.pod.metadata;
        self.node
            .directory
            .join("by-name")
            .join(&*meta.namespace)
            .join(&*meta.name)
    }

    fn namespace(&self) -> String {
        let meta = &self.pod.metadata;
        let place = format!("{}.{}.{}", meta.namespace, meta.name, short(&meta.uid));
        namespace_name(&self.node.lab, &place)
    }

    fn link(&self) -> String {
        format!("veth{}", short(&self.pod.metadata.uid))
    }

    /// Runs the containers until they are over or somebody ends them.
    async fn live(&mut self, sandbox: &Sandbox) -> Outcome {
        let stop = Stop::default();
        self.kills.mark_unchanged();
        let all = containers::run(sandbox.clone(), stop.clone());
        tokio::pin!(all);
        loop {
            tokio::select! {
                () = &mut all => return Outcome::Over,
                wanted = self.wanted.changed() => match (wanted, *self.wanted.borrow()) {
                    (Ok(()), Wanted::Running) => {}
                    (Ok(()), Wanted::Ended(grace)) if !grace.is_zero() => stop.within(grace),
                    _ => stop.now.cancel(),
                },
                killed = self.kills.changed() => {
                    stop.now.cancel();
                    all.await;
                    let again = killed.is_ok() && *self.wanted.borrow() == Wanted::Running;
                    return if again { Outcome::Again } else { Outcome::Over };
                }
            }
        }
    }

    async fn leave(&self, sandbox: &Sandbox, attachment: Option<&Attachment>) {
        if let Some(attachment) = attachment {
            crate::processes::end(std::slice::from_ref(&sandbox.place.namespace));
            let ports = host_ports(&self.pod, &attachment.addresses);
            if let Err(error) = self.node.network.close_ports(&ports) {
                tracing::warn!(pod = %self.pod.object_name(), %error, "cannot close a pod's host ports");
            }
            if let Err(error) = self.node.network.detach(attachment).await {
                tracing::warn!(pod = %self.pod.object_name(), %error, "cannot remove a pod's network");
            }
        }
    }

    /// Writes the last status and lets the object go, when the API server can be reached; then forgets the pod.
    async fn remove(&mut self, state: &Shared) {
        let (node, pod) = (self.node.clone(), self.pod.clone());
        let gone = self.until(|wanted| wanted == Wanted::Gone);
        tokio::select! {
            _ = gone => {}
            () = delete(&node, &pod, state) => {}
        }
        self.forget();
    }

    fn forget(&self) {
        let directory = self.node.directory.join("pods").join(&*self.pod.metadata.uid);
        let link = self.by_name();
        if std::fs::read_link(&link).is_ok_and(|target| target == directory) {
            // Somebody else may have been faster.
            let _ = std::fs::remove_file(link);
        }
        let _ = std::fs::remove_dir_all(directory);
    }
}

/// The host ports of a pod, for each of its addresses. A `hostIP` opens them in its own family only.
fn host_ports(pod: &Pod, addresses: &[IpAddr]) -> Vec<HostPort> {
    let ports = pod.spec.containers.iter().flat_map(|container| &container.ports);
    let open = ports.filter(|port| port.host_port != 0);
    let each = open.flat_map(|port| addresses.iter().map(move |address| (port, *address)));
    each.filter_map(|(port, address)| {
        let host = port
            .host_ip
            .parse()
            .ok()
            .filter(|host: &IpAddr| !host.is_unspecified());
        let fits = host.is_none_or(|host| host.is_ipv4() == address.is_ipv4());
        fits.then_some(HostPort {
            protocol: port.protocol,
            host,
            port: port.host_port,
            address,
            container_port: port.container_port,
        })
    })
    .collect()
}

/// The first part of an identifier: enough to tell pods apart, short enough for names of links.
fn short(uid: &str) -> String {
    uid.chars().filter(char::is_ascii_alphanumeric).take(8).collect()
}

fn initial(pod: &Pod) -> PodState {
    let states = |containers: &[super::spec::Container]| {
        containers
            .iter()
            .map(|container| ContainerState::new(&container.name, &container.image))
            .collect()
    };
    PodState {
        addresses: Vec::new(),
        started: Timestamp::now(),
        initialized: false,
        init_containers: states(&pod.spec.init_containers),
        containers: states(&pod.spec.containers),
    }
}

/// In a new sandbox everything begins again.
fn restarted(state: &mut PodState) {
    state.initialized = false;
    state.addresses.clear();
    for container in state.init_containers.iter_mut().chain(&mut state.containers) {
        let fresh = ContainerState::new(&container.name, &container.image);
        let last = container.ended().cloned().or_else(|| container.last.take());
        let restarts = container.restarts + 1;
        *container = ContainerState {
            last,
            restarts,
            ..fresh
        };
    }
}

/// Keeps the object's status equal to the state, and says it again when others have judged the pod in the node's absence.
async fn publish(node: Arc<NodeContext>, pod: Arc<Pod>, state: Shared) {
    let (mut changes, mut gate) = (state.subscribe(), node.gate.watch());
    let mut last = Value::Null;
    let mut backoff = Backoff::new();
    loop {
        node.gate.passed().await;
        changes.mark_unchanged();
        gate.mark_unchanged();
        match write(&node, &pod, &state, &mut last).await {
            Ok(()) => {
                backoff.reset();
                tokio::select! {
                    _ = changes.changed() => {}
                    _ = gate.changed() => last = Value::Null,
                }
            }
            Err(error) => {
                tracing::debug!(pod = %pod.object_name(), %error, "cannot write a pod's status");
                tokio::time::sleep(backoff.pause()).await;
            }
        }
    }
}

async fn write(
    node: &NodeContext,
    pod: &Pod,
    state: &Shared,
    last: &mut Value,
) -> Result<(), kinglet_kube::RequestError> {
    let mut next = super::status::status(pod, &state.get(), &node.network.addresses);
    super::status::stamp_conditions(&mut next, last, Timestamp::now());
    if next != *last {
        let pods = Collection::new(node.client.clone(), Resource::of::<Pod>());
        let patch = json!({ "status": next });
        pods.strategic_part(&pod.object_name(), "status", &patch).await?;
        *last = next;
    }
    Ok(())
}

/// Writes the last status, then deletes the object that waits for its kubelet. Retries until it is gone.
async fn delete(node: &NodeContext, pod: &Pod, state: &Shared) {
    let pods = Collection::new(node.client.clone(), Resource::of::<Pod>());
    let how = Deletion {
        uid: Some(&pod.metadata.uid),
        grace_period: Some(0),
        ..Deletion::default()
    };
    let mut backoff = Backoff::new();
    loop {
        node.gate.passed().await;
        // What counts is the deletion; a status that cannot be written is of no use afterwards.
        let _ = write(node, pod, state, &mut Value::Null).await;
        match pods.delete(&pod.object_name(), &how).await {
            Ok(()) => return,
            Err(error) if error.is_not_found() || error.is_conflict() => return,
            Err(error) => {
                tracing::debug!(pod = %pod.object_name(), %error, "cannot delete a pod that has ended");
                tokio::time::sleep(backoff.pause()).await;
            }
        }
    }
}
