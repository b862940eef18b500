//! What kube-router leaves when it no longer runs: its rules would go on denying. They are removed after ours
//! are in place, so that there is no moment without.

mod ipsets;
mod legacy;
mod tables;

use kinglet_nft::{Connection, Error};

/// Tables of the back end for nftables.
const TABLES: [&str; 2] = ["kube-router-filter-ipv4", "kube-router-filter-ipv6"];
/// Chains of the back end for iptables.
const CHAINS: [&str; 3] = ["KUBE-ROUTER-", "KUBE-POD-FW-", "KUBE-NWPLCY-"];

/// Removes everything: from nftables, which iptables writes to on most hosts; from the tables of iptables
/// that are not in nftables, and sets, where the host has the programs for it. Returns the names of what it
/// was in.
pub(crate) fn remove(connection: &mut Connection) -> Result<Vec<String>, Error> {
    let mut removed = tables::remove(connection)?;
    removed.extend(legacy::remove().into_iter().map(str::to_owned));
    // Rules that refer to them are gone now.
    match ipsets::remove() {
        0 => {}
        count => removed.push(format!("{count} ipsets")),
    }
    Ok(removed)
}

fn is_leftover(chain: &str) -> bool {
    CHAINS.iter().any(|prefix| chain.starts_with(prefix))
}
