//! `kinglet demo`: the whole product on one machine, with something to look at.

mod cluster;
mod loopback;
mod style;

use anyhow::Result;
use kinglet_config::DemoOptions;

/// Shows a cluster where that is possible, else what works on loopback addresses.
pub(crate) async fn run(options: DemoOptions) -> Result<()> {
    if options.loopback || !nix::unistd::geteuid().is_root() {
        loopback::run(options).await
    } else {
        cluster::run().await
    }
}
