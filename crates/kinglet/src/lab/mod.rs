//! Labs: Kinglet's services on a cluster of network namespaces.

mod ask;
mod background;
mod options;
mod process;
mod roles;
mod services;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use kinglet_config::{LabAction, LabUp, LogOptions};
use kinglet_lab::{Entry, Lab, LabSettings, Progress, Request};
use tokio_util::sync::CancellationToken;

use self::options::settings;
pub(crate) use self::roles::Choice;
use self::roles::Cluster;
use self::services::Services;

/// A lab with Kinglet's services on it.
pub(crate) struct Running {
    pub(crate) lab: Lab,
    services: Services,
}

impl Running {
    /// Starts everything and waits until it is ready.
    pub(crate) async fn start(
        mut settings: LabSettings,
        choice: Choice,
        progress: Progress,
        stop: &CancellationToken,
    ) -> Result<Self> {
        let cluster = Cluster::of(&mut settings, choice);
        let lab = Lab::start(settings, progress.clone()).await?;
        let services = Services::start(&lab, &cluster, &progress, stop).await?;
        Ok(Self { lab, services })
    }

    /// Ends everything.
    pub(crate) async fn end(self) {
        self.services.end().await;
        self.lab.end().await;
    }
}

/// Carries out a subcommand of `kinglet lab`.
pub(crate) fn act(action: LabAction, log: &LogOptions) -> Result<()> {
    let root = LabSettings::default().state_root;
    let send = |name: &str, request| Ok(kinglet_lab::command(&root, name, &request)?);
    match action {
        LabAction::Up(up) => background::up(&settings(&up), &up),
        LabAction::Run(up) => crate::runtime::serving(log, run(*up)),
        LabAction::Down { lab, all } => down(&root, &lab.name, all),
        LabAction::Status { name, output } => ask::status(&root, name.as_deref(), output),
        LabAction::Exec { pod, inside } => ask::exec(&root, &inside, &pod),
        LabAction::NodeExec { node, inside } => ask::exec(&root, &inside, &format!("node:{node}")),
        LabAction::ClientExec { inside } => ask::exec(&root, &inside, "client"),
        LabAction::Probe(options) => ask::probe(&root, &options),
        LabAction::Partition { node, lab } => send(&lab.name, Request::Partition { node }),
        LabAction::Heal { node, lab } => send(&lab.name, Request::Heal { node }),
        LabAction::Kill { pod, lab } => send(&lab.name, Request::Kill { pod }),
        LabAction::Logs { pod, container, lab } => ask::logs(&root, &lab.name, &pod, container.as_deref()),
    }
}

fn down(root: &Path, name: &str, all: bool) -> Result<()> {
    let names: Vec<String> = if all {
        Entry::all(root)
            .iter()
            .map(|entry| entry.name().to_owned())
            .collect()
    } else {
        vec![name.to_owned()]
    };
    for name in names {
        let was_there = kinglet_lab::down(root, &name)?;
        background::forget(root, &name);
        let what = if was_there { "is down" } else { "was not up" };
        anstream::eprintln!("lab {name} {what}");
    }
    Ok(())
}

/// Runs a lab in the foreground until it is told to end.
async fn run(up: LabUp) -> Result<()> {
    let stop = crate::shutdown::on_signal()?;
    let progress: Progress = Arc::new(background::tell);
    let choice = Choice {
        services: up.services.0.clone(),
        servicelb_mode: up.servicelb_mode,
    };
    let started = Running::start(settings(&up), choice, progress, &stop);
    let Some(running) = stop.run_until_cancelled(started).await else {
        return Ok(());
    };
    let running = running?;
    if let Some(path) = &up.write_kubeconfig {
        write_kubeconfig(running.lab.kubeconfig(), path)?;
    }
    background::ready();
    running.lab.serve(stop).await?;
    running.end().await;
    Ok(())
}

/// Copies the credentials, for the owner's eyes only.
fn write_kubeconfig(from: &Path, to: &Path) -> Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let text = std::fs::read(from)?;
    std::fs::File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(to)
        .and_then(|mut file| file.write_all(&text))
        .with_context(|| format!("--write-kubeconfig {}", to.display()))
}
