//! Sets of addresses that kube-router's rules for iptables looked things up in. Only the program `ipset`
//! reaches them.

use std::io;
use std::process::Command;

/// What their names begin with; those of IPv6 have [`V6`] before that.
const NAMES: [&str; 4] = [
    "KUBE-SRC-",
    "KUBE-DST-",
    "kube-router-local-pods",
    "kube-router-svip",
];
const V6: &str = "inet6:";

/// Removes them, where the host has the program. Returns how many there were.
pub(super) fn remove() -> usize {
    let listed = match ipset(&["list", "-name"]) {
        Ok(listed) => listed,
        Err(error) => {
            // Without the program there was nobody to make them; those that nothing refers to cost nothing.
            tracing::debug!("ipset: {error}");
            return 0;
        }
    };
    let gone = |name: &&str| match ipset(&["destroy", name]) {
        Ok(_) => true,
        Err(error) => {
            tracing::warn!("the set {name} of kube-router stays: {error}");
            false
        }
    };
    listed
        .lines()
        .filter(|name| is_leftover(name))
        .filter(gone)
        .count()
}

fn is_leftover(name: &str) -> bool {
    let name = name.strip_prefix(V6).unwrap_or(name);
    NAMES.iter().any(|prefix| name.starts_with(prefix))
}

fn ipset(arguments: &[&str]) -> io::Result<String> {
    let output = Command::new("ipset").args(arguments).output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let error = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(error.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_kube_routers_are_meant() {
        for name in [
            "KUBE-SRC-ABC",
            "inet6:KUBE-DST-ABC",
            "kube-router-local-pods",
            "inet6:kube-router-local-pods",
        ] {
            assert!(is_leftover(name), "{name}");
        }
        for name in ["KUBE-LOOP-BACK", "cali40all-ipam-pools", "inet6:f2b-sshd", ""] {
            assert!(!is_leftover(name), "{name}");
        }
    }
}
