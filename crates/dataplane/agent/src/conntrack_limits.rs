//! How many connections the kernel tracks, and for how long, as kube-proxy and K3s' agent set it.
//!
//! The kernel's own limits are those of a machine that forwards nothing. When the table of connections is
//! full, it drops packets of new ones; a server that does not close its end of a connection is forgotten
//! after a minute, and what it sends then is refused.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

/// What is asked of connection tracking; zero leaves the kernel's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConntrackLimits {
    /// Tracked connections for each CPU of the machine.
    pub max_per_core: u32,
    /// The least number of tracked connections, if there is one for each CPU.
    pub min: u32,
    /// How long an idle TCP connection is tracked.
    pub tcp_timeout_established: Duration,
    /// How long a TCP connection is tracked that only one side has closed.
    pub tcp_timeout_close_wait: Duration,
}

/// A number that the kernel has in a file.
const MAX: &str = "proc/sys/net/netfilter/nf_conntrack_max";
const ESTABLISHED: &str = "proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established";
const CLOSE_WAIT: &str = "proc/sys/net/netfilter/nf_conntrack_tcp_timeout_close_wait";
const HASHSIZE: &str = "sys/module/nf_conntrack/parameters/hashsize";
/// Which CPUs run, as in `0-3,6`.
const CPUS: &str = "sys/devices/system/cpu/online";
/// Connections for each place of the kernel's hash table, as kube-proxy has it.
const FOR_EACH_PLACE: u64 = 4;

impl ConntrackLimits {
    /// Raises what is lower, in the network namespace of the calling thread; nothing is ever lowered. What
    /// cannot be written is logged, and the rest is done: Services are served with the kernel's limits, too.
    pub fn raise(&self) {
        for problem in self.raise_below(Path::new("/")) {
            tracing::warn!("connection tracking keeps its limit: {problem}");
        }
    }

    /// The same below a directory; answers what could not be done.
    fn raise_below(&self, root: &Path) -> Vec<String> {
        let max = self.max(root);
        let limits = [
            (MAX, max),
            (ESTABLISHED, self.tcp_timeout_established.as_secs()),
            (CLOSE_WAIT, self.tcp_timeout_close_wait.as_secs()),
        ];
        let raised = limits.map(|(file, wanted)| raise(&root.join(file), wanted));
        // With fewer places the table is only slower. It is the machine's, which other network namespaces
        // cannot change, and /sys is read-only in many containers.
        if raised[0].is_ok()
            && let Err(problem) = raise(&root.join(HASHSIZE), max / FOR_EACH_PLACE)
        {
            tracing::debug!("{problem}");
        }
        raised.into_iter().filter_map(Result::err).collect()
    }

    fn max(&self, root: &Path) -> u64 {
        if self.max_per_core == 0 {
            return 0;
        }
        // Not those that this process may use, which its container can limit: the table is the machine's.
        let online = fs::read_to_string(root.join(CPUS)).unwrap_or_default();
        let scaled = u64::from(self.max_per_core) * count(&online).max(1);
        scaled.max(self.min.into())
    }
}

/// Writes a number if the file has a lower one.
fn raise(file: &Path, wanted: u64) -> Result<(), String> {
    if wanted == 0 {
        return Ok(());
    }
    let present = read(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    if present >= wanted {
        return Ok(());
    }
    fs::write(file, wanted.to_string()).map_err(|error| {
        let file = file.display();
        format!("{file} stays at {present}, {wanted} cannot be written: {error}")
    })?;
    tracing::info!("{} is set to {wanted}, it was {present}", file.display());
    Ok(())
}

fn read(file: &Path) -> io::Result<u64> {
    let text = fs::read_to_string(file)?;
    text.trim().parse().map_err(|_| io::ErrorKind::InvalidData.into())
}

/// How many numbers there are in `0-3,6`.
fn count(list: &str) -> u64 {
    let ranges = list.trim().split(',').filter_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
        Some(last.saturating_sub(first).saturating_add(1))
    });
    ranges.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernel's files with these numbers.
    fn kernel(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (file, number) in files {
            let file = root.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, format!("{number}\n")).unwrap();
        }
        root
    }

    fn limits() -> ConntrackLimits {
        ConntrackLimits {
            max_per_core: 32_768,
            min: 131_072,
            tcp_timeout_established: Duration::from_secs(86_400),
            tcp_timeout_close_wait: Duration::from_secs(3600),
        }
    }

    #[test]
    fn what_is_lower_is_raised_and_what_is_higher_stays() {
        for (cpus, before, after) in [
            (
                "0-1",
                ["65536", "432000", "60", "16384"],
                [131_072, 432_000, 3600, 32_768],
            ),
            (
                "0-3,8-11",
                ["65536", "600", "60", "262144"],
                [262_144, 86_400, 3600, 262_144],
            ),
            (
                "0-1",
                ["500000", "86400", "7200", "1024"],
                [500_000, 86_400, 7200, 32_768],
            ),
        ] {
            let names = [MAX, ESTABLISHED, CLOSE_WAIT, HASHSIZE];
            let files: Vec<_> = names.into_iter().zip(before).chain([(CPUS, cpus)]).collect();
            let root = kernel(&files);
            assert!(limits().raise_below(root.path()).is_empty());
            let found = names.map(|name| read(&root.path().join(name)).unwrap());
            assert_eq!(found, after, "{cpus}");
        }
    }

    #[test]
    fn zero_leaves_all_as_it_is() {
        let nothing = ConntrackLimits {
            max_per_core: 0,
            tcp_timeout_established: Duration::ZERO,
            tcp_timeout_close_wait: Duration::ZERO,
            ..limits()
        };
        let root = kernel(&[(MAX, "1"), (ESTABLISHED, "1"), (CLOSE_WAIT, "1"), (HASHSIZE, "1")]);
        assert!(nothing.raise_below(root.path()).is_empty());
        assert_eq!(read(&root.path().join(HASHSIZE)).unwrap(), 1);
    }

    #[test]
    fn what_cannot_be_done_is_told_and_the_rest_is_done() {
        // A directory in its place cannot be written, not even by root.
        let root = kernel(&[(ESTABLISHED, "1"), (HASHSIZE, "1")]);
        fs::create_dir_all(root.path().join(MAX)).unwrap();
        let problems = limits().raise_below(root.path());
        let [max, close_wait] = problems.as_slice() else {
            panic!("{problems:?}")
        };
        assert!(
            max.contains(MAX) && close_wait.contains(CLOSE_WAIT),
            "{problems:?}"
        );
        assert_eq!(read(&root.path().join(ESTABLISHED)).unwrap(), 86_400);
        assert_eq!(
            read(&root.path().join(HASHSIZE)).unwrap(),
            1,
            "the table stays as small"
        );
    }
}
