//! `kinglet agent`.

use anyhow::{Result, ensure};
use kinglet_config::AgentOptions;
use tracing::info;

use crate::agent::Agent;
use crate::shutdown;

/// Serves the node until a signal ends the process.
pub(crate) async fn run(options: AgentOptions) -> Result<()> {
    ensure!(
        nix::unistd::geteuid().is_root(),
        "the agent needs root: it programs the kernel; run it with sudo"
    );
    let stop = shutdown::on_signal()?;
    let agent = Agent::start(options, stop.clone()).await?;
    if stop.run_until_cancelled(agent.ready()).await.is_some() {
        info!("ready");
    }
    stop.cancelled().await;
    agent.stopped().await;
    Ok(())
}
