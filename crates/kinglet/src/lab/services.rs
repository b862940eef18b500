//! Kinglet's own services on a lab: processes of this binary on its nodes, as a cluster would run them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use kinglet_kube::{Collection, Resource};
use kinglet_lab::{Lab, Place, Progress};
use kinglet_model::Node;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::process::{Process, Starter};
use super::roles::{self, Cluster, Role};

/// How long a service may take to be ready.
const PATIENCE: Duration = Duration::from_secs(30);
/// The taint of nodes that wait for the cloud controller.
const UNINITIALIZED: &str = "node.cloudprovider.kubernetes.io/uninitialized";
/// Time for an answer about readiness.
const ANSWER: Duration = Duration::from_secs(1);

/// The running services.
pub(super) struct Services {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Services {
    /// Starts the roles that the chosen services need, and waits until all are ready.
    pub(super) async fn start(
        lab: &Lab,
        cluster: &Cluster,
        progress: &Progress,
        stop: &CancellationToken,
    ) -> Result<Self> {
        let services = Self {
            stop: stop.child_token(),
            tasks: TaskTracker::new(),
        };
        let starter = Arc::new(lab.starter());
        let all = roles::of(lab, cluster)?;
        for role in &all {
            services.run(role, lab, &starter)?;
        }
        for role in &all {
            progress(&format!("Kinglet {} on {}", role.name, role.node));
            ready(lab.place(&role.place())?, role).await?;
        }
        if cluster.has_cloud() {
            progress("nodes initialized");
            lab.until(PATIENCE, initialized).await?;
        }
        Ok(services)
    }

    /// Runs a role, again and again if it ends although nobody asked it to.
    fn run(&self, role: &Role, lab: &Lab, starter: &Arc<Starter>) -> Result<()> {
        let process = Process {
            starter: starter.clone(),
            place: lab.place(&role.place())?,
            name: role.name,
            arguments: role.arguments.clone(),
        };
        self.tasks.spawn(process.run(self.stop.clone()));
        Ok(())
    }

    /// Ends them at once: the lab goes too.
    pub(super) async fn end(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Whether the cloud controller has given every node its addresses.
async fn initialized(lab: &Lab) -> Result<()> {
    let nodes: Vec<Node> = Collection::new(lab.client().clone(), Resource::of::<Node>())
        .list("")
        .await?;
    let waiting = nodes
        .iter()
        .find(|node| node.is_tainted(UNINITIALIZED) || node.addresses.is_empty());
    match waiting {
        Some(node) => bail!(
            "{} is not initialized by the cloud controller",
            node.metadata.name
        ),
        None => Ok(()),
    }
}

async fn ready(place: Place, role: &Role) -> Result<()> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let (namespace, admin) = (place.namespace.clone(), role.admin);
        let asked = tokio::task::spawn_blocking(move || namespace.run(|| is_ready(admin))).await?;
        if asked.unwrap_or(false) {
            return Ok(());
        }
        if tokio::time::Instant::now() > deadline {
            let log = place.directory.join(format!("{}.log", role.name));
            bail!(
                "Kinglet {} on {} is not ready after {PATIENCE:?}; its log is {}",
                role.name,
                role.node,
                log.display()
            );
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn is_ready(admin: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(admin)?;
    stream.set_read_timeout(Some(ANSWER))?;
    stream.write_all(b"GET /readyz HTTP/1.0\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer.starts_with(b"HTTP/1.0 200") || answer.starts_with(b"HTTP/1.1 200"))
}
