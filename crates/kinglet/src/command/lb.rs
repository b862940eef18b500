//! `kinglet lb`.

use anyhow::{Context, Result};
use kinglet_servicelb::pod::apply;
use kinglet_servicelb_plan::pod::Forwarding;
use tracing::info;

use crate::shutdown;

/// Forwards until a signal ends the process; the rules go with the Pod's network namespace.
pub(crate) async fn run() -> Result<()> {
    let stop = shutdown::on_signal()?;
    let forwarding = Forwarding::from_variables(|name| std::env::var(name).ok())?;
    apply(&forwarding).context("cannot write the rules")?;
    info!(?forwarding, "forwarding");
    stop.cancelled().await;
    Ok(())
}
