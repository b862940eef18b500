//! `kinglet cleanup`.

use anyhow::{Context, Result, ensure};
use kinglet_dataplane::agent::Kernel;

/// Removes the rules that agents have left in the kernel.
pub(crate) fn run() -> Result<()> {
    ensure!(
        nix::unistd::geteuid().is_root(),
        "cleanup needs root: it removes rules from the kernel; run it with sudo"
    );
    let mut kernel = Kernel::open().context("cannot open nftables")?;
    kernel
        .remove()
        .context("cannot remove the rules; is an agent running on this node?")?;
    anstream::eprintln!("removed: nftables table inet {}", kinglet_dataplane::TABLE);
    Ok(())
}
