//! `kinglet cleanup`.

use anyhow::{Context, Result, ensure};

/// Removes the rules that agents have left in the kernel.
pub(crate) fn run() -> Result<()> {
    ensure!(
        nix::unistd::geteuid().is_root(),
        "cleanup needs root: it removes rules from the kernel; run it with sudo"
    );
    let refused = "cannot remove the rules; is an agent running on this node?";
    let mut services = kinglet_dataplane::agent::Kernel::open().context("cannot open nftables")?;
    services.remove().context(refused)?;
    let mut policies = kinglet_netpol::Kernel::open().context("cannot open nftables")?;
    policies.remove().context(refused)?;
    for table in [kinglet_dataplane::TABLE, kinglet_policy::TABLE] {
        anstream::eprintln!("removed: nftables table inet {table}");
    }
    Ok(())
}
