//! `kinglet cleanup`.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use kinglet_dataplane_agent::RouteLocalnet;
use kinglet_servicelb::agent::{Host as _, LocalHost};

use crate::host::STATE;

/// Removes the rules that agents, and kube-router, have left in the kernel, and gives reserved ports back.
pub(crate) fn run() -> Result<()> {
    ensure!(
        nix::unistd::geteuid().is_root(),
        "cleanup needs root: it removes rules from the kernel; run it with sudo"
    );
    let refused = "cannot remove the rules; is an agent running on this node?";
    let mut services = kinglet_dataplane_agent::Kernel::open().context("cannot open nftables")?;
    let switch = RouteLocalnet::of_this_namespace(Path::new(STATE));
    // Without the rules it would open what listens on loopback addresses to neighbours.
    let was_set = switch
        .reset()
        .context("cannot reset net.ipv4.conf.all.route_localnet")?;
    if let Err(error) = services.remove() {
        if was_set {
            switch
                .set()
                .context("cannot set net.ipv4.conf.all.route_localnet again")?;
        }
        return Err(error).context(refused);
    }
    let mut policies = kinglet_netpol::Kernel::open().context("cannot open nftables")?;
    let mut removed = vec![format!("nftables table inet {}", kinglet_dataplane::TABLE)];
    removed.extend(policies.remove().context(refused)?);
    let host = LocalHost { state: STATE.into() };
    // What is not there need not be removed: a container without /run, a kernel without the sysctl.
    if let Err(error) = host.reserve(&BTreeSet::new()) {
        tracing::debug!(%error, "cannot take back reserved ports");
    }
    for one in removed {
        anstream::eprintln!("removed: {one}");
    }
    Ok(())
}
