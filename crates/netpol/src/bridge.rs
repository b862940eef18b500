//! Whether bridges pass packets between their ports to nftables. A bridge forwards frames below the IP layer,
//! so without `br_netfilter` pods of one node reach each other whatever policies say.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The switches of `br_netfilter`; each network namespace has its own.
const SWITCHES: [&str; 2] = ["bridge-nf-call-iptables", "bridge-nf-call-ip6tables"];

/// Where the kernel has bridges and their switches.
#[derive(Clone, Debug)]
pub(crate) struct Bridges {
    /// `/proc/sys/net/bridge`, which is there when the module is.
    switches: PathBuf,
    /// `/sys/class/net`
    links: PathBuf,
    /// Loads the module, if the host has it.
    load: fn(),
}

/// Packets between pods of the node bypass the rules.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BridgeError {
    /// There are bridges, and the module is not loaded.
    #[error(
        "the node has bridges ({0}), but the kernel module br_netfilter is not loaded, and `modprobe br_netfilter` does not load it: policies do not \
         apply between pods of this node"
    )]
    NoModule(String),
    /// A switch is off and cannot be set.
    #[error(
        "net.bridge.{switch} is not 1 and cannot be set ({reason}): policies do not apply between pods of this node"
    )]
    Off {
        /// The switch.
        switch: &'static str,
        /// What the system says.
        reason: io::Error,
    },
}

impl Default for Bridges {
    fn default() -> Self {
        Self {
            switches: "/proc/sys/net/bridge".into(),
            links: "/sys/class/net".into(),
            load: modprobe,
        }
    }
}

impl Bridges {
    /// Loads the module where there are bridges, and sets the switches that are off.
    pub(crate) fn enable_netfilter(&self) -> Result<(), BridgeError> {
        if !self.switches.is_dir() {
            // Pods that are routed (Calico, Cilium) need no module.
            let bridges = self.bridges();
            if bridges.is_empty() {
                return Ok(());
            }
            (self.load)();
            if !self.switches.is_dir() {
                return Err(BridgeError::NoModule(bridges.join(", ")));
            }
        }
        for switch in SWITCHES {
            set(&self.switches.join(switch)).map_err(|reason| BridgeError::Off { switch, reason })?;
        }
        Ok(())
    }

    fn bridges(&self) -> Vec<String> {
        let links = fs::read_dir(&self.links).into_iter().flatten().flatten();
        let bridges = links.filter(|link| link.path().join("bridge").is_dir());
        let mut names: Vec<_> = bridges
            .map(|link| link.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

fn modprobe() {
    if let Err(error) = Command::new("modprobe").arg("br_netfilter").status() {
        tracing::debug!("modprobe: {error}");
    }
}

fn set(switch: &Path) -> io::Result<()> {
    if fs::read_to_string(switch)?.trim() == "1" {
        return Ok(());
    }
    fs::write(switch, "1")?;
    // Only what the kernel shows afterwards counts.
    match fs::read_to_string(switch)?.trim() {
        "1" => Ok(()),
        other => Err(io::Error::other(format!("the kernel keeps {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(switches: &[(&str, &str)], links: &[&str]) -> (tempfile::TempDir, Bridges) {
        let root = tempfile::tempdir().unwrap();
        let bridges = Bridges {
            switches: root.path().join("switches"),
            links: root.path().join("links"),
            load: || (),
        };
        for link in links {
            fs::create_dir_all(bridges.links.join(link)).unwrap();
        }
        for (name, value) in switches {
            fs::create_dir_all(&bridges.switches).unwrap();
            fs::write(bridges.switches.join(name), value).unwrap();
        }
        (root, bridges)
    }

    #[test]
    fn switches_that_are_off_are_set() {
        let (_root, bridges) = made(&[(SWITCHES[0], "0\n"), (SWITCHES[1], "1\n")], &["cni0/bridge"]);
        bridges.enable_netfilter().unwrap();
        for switch in SWITCHES {
            let value = fs::read_to_string(bridges.switches.join(switch)).unwrap();
            assert_eq!(value.trim(), "1");
        }
    }

    #[test]
    fn a_bridge_without_the_module_is_named() {
        let (_root, bridges) = made(&[], &["eth0", "cni0/bridge"]);
        let error = bridges.enable_netfilter().unwrap_err().to_string();
        assert!(error.contains("(cni0)") && error.contains("modprobe"), "{error}");
    }

    #[test]
    fn nothing_is_needed_without_bridges() {
        let (_root, bridges) = made(&[], &["eth0"]);
        bridges.enable_netfilter().unwrap();
    }

    #[test]
    fn a_switch_that_is_missing_is_named() {
        let (_root, bridges) = made(&[(SWITCHES[0], "1")], &[]);
        let error = bridges.enable_netfilter().unwrap_err().to_string();
        assert!(
            error.starts_with("net.bridge.bridge-nf-call-ip6tables"),
            "{error}"
        );
    }
}
