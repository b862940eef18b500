//! Served ports that the kernel gives to no client.
//!
//! A client's socket that happened to have a served port would get no answers: the rules of the node take
//! them for packets to the load balancer.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The ports that the kernel leaves out when it chooses one for a client; of both families.
const SYSCTL: &str = "/proc/sys/net/ipv4/ip_local_reserved_ports";
/// The kernel chooses no lower ones (net.ipv4.ip_unprivileged_port_start).
const FIRST: u16 = 1024;

/// The reservations of a network namespace.
#[derive(Clone, Debug)]
pub(super) struct Reserved {
    sysctl: PathBuf,
    /// Which of them are ours: the others are not ours to take back, and those of an earlier run are.
    record: PathBuf,
}

impl Reserved {
    /// Those of the network namespace of the calling thread; what is ours is recorded in a directory.
    pub(super) fn of_this_namespace(directory: &Path) -> Self {
        let namespace = fs::read_link("/proc/thread-self/ns/net").unwrap_or_default();
        // `net:[4026531833]`
        let number = namespace.to_string_lossy();
        let number = number.trim_matches(|letter: char| !letter.is_ascii_digit());
        Self {
            sysctl: SYSCTL.into(),
            record: directory.join(format!("reserved-ports-{number}")),
        }
    }

    /// Makes these ours, and takes back those that were.
    pub(super) fn set(&self, ports: &BTreeSet<u16>) -> io::Result<()> {
        let ports: BTreeSet<u16> = ports.range(FIRST..).copied().collect();
        let (present, ours) = (parse(&fs::read_to_string(&self.sysctl)?), self.ours());
        let others: BTreeSet<u16> = present.difference(&ours).copied().collect();
        let next: BTreeSet<u16> = others.union(&ports).copied().collect();
        let added: BTreeSet<u16> = ports.difference(&others).copied().collect();
        if next != present {
            // Before the kernel has them, and with those that it still has: whenever this ends, the record
            // names all that are ours.
            self.write(&added.union(&ours).copied().collect())?;
            fs::write(&self.sysctl, format!("{}\n", text(&next)))?;
        }
        if added != ours || next != present {
            self.write(&added)?;
        }
        Ok(())
    }

    fn ours(&self) -> BTreeSet<u16> {
        fs::read_to_string(&self.record).map_or_else(|_| BTreeSet::new(), |text| parse(&text))
    }

    fn write(&self, ports: &BTreeSet<u16>) -> io::Result<()> {
        if ports.is_empty() {
            return match fs::remove_file(&self.record) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        if let Some(directory) = self.record.parent() {
            fs::create_dir_all(directory)?;
        }
        fs::write(&self.record, text(ports))
    }
}

/// The kernel writes `8080,9000-9010`.
fn parse(text: &str) -> BTreeSet<u16> {
    let parts = text.trim().split(',').filter_map(|part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.parse::<u16>().ok()?..=last.parse().ok()?)
    });
    parts.flatten().collect()
}

fn text(ports: &BTreeSet<u16>) -> String {
    let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
    ports.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_reserved_stays() {
        let directory = tempfile::tempdir().unwrap();
        let reserved = Reserved {
            sysctl: directory.path().join("sysctl"),
            record: directory.path().join("run/record"),
        };
        let now = || fs::read_to_string(&reserved.sysctl).unwrap().trim().to_owned();
        fs::write(&reserved.sysctl, "8080,9000-9002\n").unwrap();
        reserved.set(&[80, 8080, 51_820].into()).unwrap();
        assert_eq!(now(), "8080,9000,9001,9002,51820");
        // Another run.
        reserved.clone().set(&[40_000].into()).unwrap();
        assert_eq!(now(), "8080,9000,9001,9002,40000");
        reserved.set(&BTreeSet::new()).unwrap();
        assert_eq!(now(), "8080,9000,9001,9002");
        assert!(!reserved.record.exists());
    }
}
