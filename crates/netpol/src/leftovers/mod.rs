//! What kube-router leaves when it no longer runs: its rules would go on denying. They are removed after ours
//! are in place, so that there is no moment without.

mod ipsets;
mod legacy;
mod names;
mod tables;

use kinglet_nft::{Connection, Error};

/// Removes everything: from nftables, which iptables writes to on most hosts; from the tables of iptables
/// that are not in nftables, and sets, where the host has the programs for it. Returns the names of what it
/// was in.
pub(crate) fn remove(connection: &mut Connection) -> Result<Vec<String>, Error> {
    let mut removed = tables::remove(connection)?;
    removed.extend(legacy::remove().into_iter().map(str::to_owned));
    // Last: the kernel refuses to destroy a set that a rule refers to.
    match ipsets::remove() {
        0 => {}
        count => removed.push(format!("{count} ipsets")),
    }
    Ok(removed)
}
