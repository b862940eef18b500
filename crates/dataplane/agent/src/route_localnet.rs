//! The kernel's switch that lets packets of loopback addresses leave the machine after their translation, for
//! node ports on 127.0.0.1.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// For all interfaces: those of pods come and go.
const SYSCTL: &str = "/proc/sys/net/ipv4/conf/all/route_localnet";

/// `net.ipv4.conf.all.route_localnet` of a network namespace. With it the kernel also takes packets of other
/// machines to loopback addresses: the table's rules must be in the kernel, which drop them, before it is
/// set, and as long as it is.
#[derive(Clone, Debug)]
pub struct RouteLocalnet {
    sysctl: PathBuf,
    /// There if it was a Kinglet that set the switch: another program's is not ours to take back.
    record: PathBuf,
}

impl RouteLocalnet {
    /// That of the network namespace of the calling thread; that it is ours is recorded in a directory.
    pub fn of_this_namespace(directory: &Path) -> Self {
        let namespace = fs::read_link("/proc/thread-self/ns/net").unwrap_or_default();
        // `net:[4026531833]`
        let number = namespace.to_string_lossy();
        let number = number.trim_matches(|letter: char| !letter.is_ascii_digit());
        Self {
            sysctl: SYSCTL.into(),
            record: directory.join(format!("route-localnet-{number}")),
        }
    }

    /// Whether it is set or can be, without a change.
    ///
    /// # Errors
    /// It cannot be read or written: /proc/sys is read-only in many containers.
    pub fn check(&self) -> io::Result<()> {
        if self.is_set()? {
            return Ok(());
        }
        fs::write(&self.sysctl, "0")
    }

    /// Sets it, if it is not set.
    ///
    /// # Errors
    /// It, or the record, cannot be written.
    pub fn set(&self) -> io::Result<()> {
        if self.is_set()? {
            return Ok(());
        }
        // Before the switch: whenever this ends, what is ours is recorded.
        if let Some(directory) = self.record.parent() {
            fs::create_dir_all(directory)?;
        }
        fs::write(&self.record, [])?;
        fs::write(&self.sysctl, "1")
    }

    /// Takes it back, if it was a Kinglet that set it; whether it was. To be done before the rules go.
    ///
    /// # Errors
    /// It cannot be written, or the record not be removed.
    pub fn reset(&self) -> io::Result<bool> {
        if !self.record.try_exists()? {
            return Ok(false);
        }
        fs::write(&self.sysctl, "0")?;
        fs::remove_file(&self.record)?;
        Ok(true)
    }

    fn is_set(&self) -> io::Result<bool> {
        Ok(fs::read_to_string(&self.sysctl)?.trim() != "0")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_set_here_is_taken_back() {
        let directory = tempfile::tempdir().unwrap();
        let switch = RouteLocalnet {
            sysctl: directory.path().join("sysctl"),
            record: directory.path().join("run/record"),
        };
        let now = || fs::read_to_string(&switch.sysctl).unwrap().trim().to_owned();
        for (before, during, after) in [("0", "1", "0"), ("1", "1", "1")] {
            fs::write(&switch.sysctl, before).unwrap();
            switch.check().unwrap();
            assert_eq!(now(), before);
            switch.set().unwrap();
            // Another run.
            switch.clone().set().unwrap();
            assert_eq!(now(), during);
            assert_eq!(switch.reset().unwrap(), before == "0");
            assert!(!switch.reset().unwrap());
            assert_eq!(now(), after);
            assert!(!switch.record.exists());
        }
    }
}
