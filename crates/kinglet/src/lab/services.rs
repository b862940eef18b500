//! Kinglet's own services on a lab: processes of this binary on its nodes, as a cluster would run them.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use ipnet::IpNet;
use kinglet_config::LabService;
use kinglet_lab::{Lab, Place, Progress, Settings};
use tokio::process::Child;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

/// The node with the server role.
const SERVER: &str = "node:node-1";
/// Where the server tells of its health, on its node.
const ADMIN: &str = "127.0.0.1:9900";
/// How long the server may take to be ready.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pause before a server that ended is started again.
const PAUSE: Duration = Duration::from_secs(1);

/// What the services are told of the cluster.
pub(super) struct Cluster {
    domain: String,
    dns: Option<IpAddr>,
    service_cidrs: Vec<IpNet>,
    cluster_cidrs: Vec<IpNet>,
}

impl Cluster {
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            domain: settings.cluster_domain.clone(),
            dns: settings.dns_addresses().first().copied(),
            service_cidrs: settings.service_cidrs.clone(),
            cluster_cidrs: settings.cluster_cidrs.clone(),
        }
    }
}

/// The running services.
pub(super) struct Services {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Services {
    /// Starts the chosen services and waits until they are ready.
    pub(super) async fn start(
        lab: &Lab,
        cluster: &Cluster,
        chosen: &[LabService],
        progress: &Progress,
        stop: &CancellationToken,
    ) -> Result<Self> {
        let services = Self {
            stop: stop.child_token(),
            tasks: TaskTracker::new(),
        };
        if !chosen.is_empty() {
            progress("Kinglet on node-1");
            let server = Server {
                log: lab.entry().directory().join("kinglet.log"),
                arguments: arguments(lab, cluster, chosen)?,
            };
            let first = server.spawn(lab).await?;
            ready(lab.place(SERVER)?, server.log.clone()).await?;
            services.keep(first, server);
        }
        Ok(services)
    }

    /// Tells when the server ends although nobody asked it to.
    fn keep(&self, mut process: Child, server: Server) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            if let Some(status) = stop.run_until_cancelled(process.wait()).await {
                let log = server.log.display();
                warn!(?status, %log, "Kinglet on node-1 has ended");
            }
        });
    }

    /// Ends them at once: the lab goes too.
    pub(super) async fn end(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

struct Server {
    log: PathBuf,
    arguments: Vec<String>,
}

impl Server {
    async fn spawn(&self, lab: &Lab) -> Result<Child> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .with_context(|| self.log.display().to_string())?;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        Ok(lab.spawn(SERVER, command).await?)
    }
}

fn arguments(lab: &Lab, cluster: &Cluster, chosen: &[LabService]) -> Result<Vec<String>> {
    let address = lab
        .node_addresses("node-1")?
        .first()
        .copied()
        .context("node-1 has no address")?;
    let at = |port| SocketAddr::new(address, port).to_string();
    let list = |ranges: &[IpNet]| {
        ranges
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(",")
    };
    let mut all = vec![
        "server".to_owned(),
        format!("--kubeconfig={}", lab.inside_kubeconfig().display()),
        format!("--dns-listen={}", at(53)),
        format!("--web-listen={}", at(80)),
        format!("--websecure-listen={}", at(443)),
        format!("--admin-listen={ADMIN}"),
        format!("--cluster-domain={}", cluster.domain),
        format!("--service-cidr={}", list(&cluster.service_cidrs)),
        format!("--cluster-cidr={}", list(&cluster.cluster_cidrs)),
    ];
    all.extend(cluster.dns.map(|address| format!("--cluster-dns={address}")));
    for (service, component) in [(LabService::Dns, "coredns"), (LabService::Ingress, "traefik")] {
        if !chosen.contains(&service) {
            all.push(format!("--disable={component}"));
        }
    }
    Ok(all)
}

async fn ready(node: Place, log: PathBuf) -> Result<()> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let node = node.clone();
        let answered = tokio::task::spawn_blocking(move || node.namespace.run(is_ready)).await?;
        if answered.unwrap_or(false) {
            return Ok(());
        }
        if tokio::time::Instant::now() > deadline {
            bail!(
                "Kinglet on node-1 is not ready after {PATIENCE:?}; its log is {}",
                log.display()
            );
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn is_ready() -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(ADMIN)?;
    stream.set_read_timeout(Some(PAUSE))?;
    stream.write_all(b"GET /readyz HTTP/1.0\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer.starts_with(b"HTTP/1.0 200") || answer.starts_with(b"HTTP/1.1 200"))
}
