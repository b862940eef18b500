//! The demo with root: a lab with a sample application.

mod known;
mod map;
mod sample;
mod tour;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use kinglet_lab::{Lab, LabSettings, Progress, Target, Verdict};
use tracing::info;

use self::known::{BALANCED_PORT, NAME, NODE, NODE_PORT};
use crate::lab::{Choice, Running};
use crate::shutdown;

/// How long each part of the sample may take to answer.
const DEADLINE: Duration = Duration::from_secs(30);
/// Starts everything, waits until it answers, prints what to try, and serves until a signal ends the process.
pub(crate) async fn run() -> Result<()> {
    let stop = shutdown::on_signal()?;
    let settings = LabSettings {
        name: NAME.to_owned(),
        ..LabSettings::default()
    };
    let progress: Progress = Arc::new(|step| info!("starting: {step}"));
    let started = Running::start(settings, Choice::default(), progress, &stop);
    let Some(running) = stop.run_until_cancelled(started).await else {
        return Ok(());
    };
    let running = running?;
    if let Some(shown) = stop.run_until_cancelled(show(&running.lab)).await {
        shown?;
    }
    running.lab.serve(stop).await?;
    running.end().await;
    Ok(())
}

/// Applies the sample, waits until it answers, and prints the map and what to try.
async fn show(lab: &Lab) -> Result<()> {
    sample::apply(lab.client()).await?;
    info!("sample application applied; waiting until it answers");
    let pods = lab
        .until(DEADLINE, async |lab: &Lab| sample::ready_pods(lab.client()).await)
        .await
        .context("the Deployment is not ready")?;
    let pod = pods.first().context("the Deployment has no pod")?.label();
    let node = lab
        .node_addresses(NODE)?
        .first()
        .copied()
        .context("no node address")?;
    answers(lab, &pod, &Target::tcp("alias.hello", 8081)).await?;
    answers(lab, &pod, &Target::udp("echo.hello", 7)).await?;
    answers(lab, "client", &Target::tcp(node, NODE_PORT)).await?;
    answers(lab, "client", &Target::tcp(node, BALANCED_PORT)).await?;
    let mut out = anstream::stdout();
    let description = lab.entry().description()?;
    map::print(&mut out, &description, &pods)
        .and_then(|()| tour::print(&mut out, &description, &pod, node))?;
    Ok(())
}

async fn answers(lab: &Lab, from: &str, target: &Target) -> Result<()> {
    lab.until(DEADLINE, async |lab: &Lab| {
        let outcome = lab.probe(from, target).await?;
        anyhow::ensure!(
            outcome.result == Verdict::Open,
            "{}",
            outcome.error.unwrap_or_default()
        );
        Ok(())
    })
    .await
    .with_context(|| format!("{} port {} does not answer to {from}", target.host, target.port))
}
