//! Leftovers in the tables that iptables had before nftables. Only its own programs reach those.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use super::names::is_leftover;

/// Where the kernel names the tables of a family, and the programs for them.
const FAMILIES: [(&str, &str); 2] = [
    ("/proc/thread-self/net/ip_tables_names", "iptables-legacy"),
    ("/proc/thread-self/net/ip6_tables_names", "ip6tables-legacy"),
];

pub(super) fn remove() -> Vec<&'static str> {
    let mut removed = Vec::new();
    for (names, program) in FAMILIES {
        // The programs would load the kernel's modules of iptables where nobody uses them.
        let tables = std::fs::read_to_string(Path::new(names)).unwrap_or_default();
        if !tables.lines().any(|table| table == "filter") {
            continue;
        }
        match clean(program) {
            Ok(true) => removed.push(program),
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(
                    "{program}: {error}; if kube-router ran here, its rules stay: remove chains KUBE-ROUTER-*, KUBE-POD-FW-* and KUBE-NWPLCY-*"
                );
            }
        }
    }
    removed
}

/// Whether there was something.
fn clean(program: &str) -> io::Result<bool> {
    let saved = Command::new(format!("{program}-save"))
        .args(["-t", "filter"])
        .output()?;
    if !saved.status.success() {
        return Err(io::Error::other(
            String::from_utf8_lossy(&saved.stderr).into_owned(),
        ));
    }
    let Some(removal) = removal(&String::from_utf8_lossy(&saved.stdout)) else {
        return Ok(false);
    };
    let mut restore = Command::new(format!("{program}-restore"))
        // Rules of others stay; and they may be changing theirs at the moment (xtables lock).
        .args(["--noflush", "--wait"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    if let Some(mut input) = restore.stdin.take() {
        input.write_all(removal.as_bytes())?;
    }
    let status = restore.wait()?;
    if status.success() {
        Ok(true)
    } else {
        Err(io::Error::other(format!("restore: {status}")))
    }
}

/// What removes the chains, in one transaction, in the words of `iptables-restore`; nothing if there are
/// none.
fn removal(saved: &str) -> Option<String> {
    let lines = || saved.lines().map(str::trim);
    let chains = lines().filter_map(|line| line.strip_prefix(':')?.split(' ').next());
    let chains: Vec<&str> = chains.filter(|chain| is_leftover(chain)).collect();
    if chains.is_empty() {
        return None;
    }
    let mut text = "*filter\n".to_owned();
    for rule in lines().filter_map(|line| line.strip_prefix("-A ")) {
        let mut words = rule.split(' ');
        let inside = words.next().is_some_and(is_leftover);
        let leads = words.any(is_leftover);
        if leads && !inside {
            text += &format!("-D {rule}\n");
        }
    }
    // A chain can go only when no rule leads to it, so all are flushed first.
    for action in ["-F", "-X"] {
        for chain in &chains {
            text += &format!("{action} {chain}\n");
        }
    }
    Some(text + "COMMIT\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_kube_routers_goes() {
        let saved = "# Generated\n*filter\n:INPUT ACCEPT [0:0]\n:KUBE-POD-FW-A - [0:0]\n:KUBE-ROUTER-INPUT - [0:0]\n:KUBE-SERVICES - [0:0]\n\
            -A INPUT -m comment --comment \"kube-router netpol - X\" -j KUBE-ROUTER-INPUT\n-A INPUT -j KUBE-SERVICES\n\
            -A KUBE-ROUTER-INPUT -d 10.42.0.7/32 -j KUBE-POD-FW-A\nCOMMIT\n";
        assert_eq!(
            removal(saved).as_deref(),
            Some(
                "*filter\n-D INPUT -m comment --comment \"kube-router netpol - X\" -j KUBE-ROUTER-INPUT\n-F KUBE-POD-FW-A\n-F \
                 KUBE-ROUTER-INPUT\n-X KUBE-POD-FW-A\n-X KUBE-ROUTER-INPUT\nCOMMIT\n"
            )
        );
        assert_eq!(removal("*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n"), None);
    }
}
