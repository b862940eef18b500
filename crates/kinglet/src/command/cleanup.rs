//! `kinglet cleanup`.

use anyhow::{Context, Result, ensure};

/// Removes the rules that agents, and kube-router, have left in the kernel.
pub(crate) fn run() -> Result<()> {
    ensure!(
        nix::unistd::geteuid().is_root(),
        "cleanup needs root: it removes rules from the kernel; run it with sudo"
    );
    let refused = "cannot remove the rules; is an agent running on this node?";
    let mut services = kinglet_dataplane_agent::Kernel::open().context("cannot open nftables")?;
    services.remove().context(refused)?;
    let mut policies = kinglet_netpol::Kernel::open().context("cannot open nftables")?;
    let mut removed = vec![format!("nftables table inet {}", kinglet_dataplane::TABLE)];
    removed.extend(policies.remove().context(refused)?);
    for one in removed {
        anstream::eprintln!("removed: {one}");
    }
    Ok(())
}
