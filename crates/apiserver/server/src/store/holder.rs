//! Which process holds the lock of a file.

use std::fs;
use std::os::linux::fs::MetadataExt;
use std::path::Path;

/// The process that has a file locked, by number and name, as far as the system tells.
pub(super) fn of(path: &Path) -> String {
    let pid = fs::metadata(path).ok().and_then(|file| {
        let locks = fs::read_to_string("/proc/locks").ok()?;
        locks.lines().find_map(|line| pid_of(line, file.st_ino()))
    });
    match pid {
        Some(pid) => {
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            format!("process {pid} ({})", name.trim())
        }
        None => "another process".to_owned(),
    }
}

/// The process of a line such as `1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF`. The device is not
/// compared: of overlays and btrfs the kernel shows another one than `stat` does.
fn pid_of(line: &str, inode: u64) -> Option<u32> {
    let mut words = line.split_whitespace().skip(1).filter(|word| *word != "->");
    let pid = words.nth(3)?;
    let file = words.next()?;
    let found = file.rsplit(':').next()?.parse::<u64>().ok()?;
    // A process of another namespace has no number here.
    (found == inode)
        .then(|| pid.parse().ok())
        .flatten()
        .filter(|pid| *pid > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_kernels_lines() {
        let line = "3: FLOCK  ADVISORY  WRITE 4711 00:1a:99 0 EOF";
        assert_eq!(pid_of(line, 99), Some(4711));
        assert_eq!(pid_of(line, 98), None);
        assert_eq!(
            pid_of("3: -> FLOCK  ADVISORY  WRITE 5 00:1a:99 0 EOF", 99),
            Some(5)
        );
        assert_eq!(pid_of("3: FLOCK  ADVISORY  WRITE -1 00:1a:99 0 EOF", 99), None);
        assert_eq!(pid_of("", 99), None);
    }
}
