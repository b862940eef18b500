//! Upstream servers: where they come from, and which to ask first.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::settings::Upstreams;

/// How long a server that failed is asked last: every query that tries it first waits for its timeout.
const FAILED_FOR: Duration = Duration::from_secs(5);
/// How often a file is checked for changes, at most: not with every query.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// Port of servers that a file names.
const PORT: u16 = 53;

/// A server to ask.
#[derive(Debug)]
pub(super) struct Upstream {
    pub(super) address: SocketAddr,
    /// The address as text.
    pub(super) label: String,
    since: Instant,
    /// When it failed, in milliseconds since `since`; 0 if it works.
    failed_at: AtomicU64,
}

impl Upstream {
    fn new(address: SocketAddr) -> Self {
        Self {
            address,
            label: address.to_string(),
            since: Instant::now(),
            failed_at: AtomicU64::new(0),
        }
    }

    fn age(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// It replied.
    pub(super) fn succeeded(&self) {
        self.failed_at.store(0, Relaxed);
    }

    /// It did not reply.
    pub(super) fn failed(&self) {
        // 0 means that it works.
        self.failed_at.store(self.age().max(1), Relaxed);
    }

    /// Whether it failed not long ago.
    pub(super) fn failed_recently(&self) -> bool {
        let failed_at = self.failed_at.load(Relaxed);
        failed_at > 0 && self.age().saturating_sub(failed_at) < FAILED_FOR.as_millis() as u64
    }
}

/// The servers, kept up to date.
pub(super) struct UpstreamList {
    source: Upstreams,
    own: Vec<SocketAddr>,
    state: Mutex<State>,
}

struct State {
    servers: Vec<Arc<Upstream>>,
    checked: Option<Instant>,
    /// What the file looked like when it was read.
    stamp: Option<Stamp>,
}

/// Modification time and length.
type Stamp = (SystemTime, u64);

impl UpstreamList {
    /// The servers of `source` but those in `own`.
    pub(super) fn new(source: Upstreams, own: Vec<SocketAddr>) -> Self {
        let list = Self {
            source,
            own,
            state: Mutex::new(State {
                servers: Vec::new(),
                checked: None,
                stamp: None,
            }),
        };
        if let Upstreams::Addresses(addresses) = &list.source {
            let servers = list.servers(addresses.clone());
            list.state.lock().unwrap_or_else(PoisonError::into_inner).servers = servers;
        }
        list
    }

    /// The servers in the order in which to ask them: from a random one on, those that failed lately last.
    pub(super) fn in_order(&self) -> Vec<Arc<Upstream>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Upstreams::ResolvConf(path) = &self.source {
            self.refresh(&mut state, path);
        }
        let mut servers = state.servers.clone();
        // The lock is for the list only: random numbers are a system call.
        drop(state);
        if !servers.is_empty() {
            // A random start spreads queries over the servers without a counter that all tasks write. Should
            // the system give no random numbers, the order is that of the list.
            let start = getrandom::u32().unwrap_or_default() as usize % servers.len();
            servers.rotate_left(start);
        }
        // The sort is stable: the random order stays within both halves.
        servers.sort_by_key(|server| server.failed_recently());
        servers
    }

    /// Reads the file if it changed. A file that cannot be read leaves the servers as they are.
    fn refresh(&self, state: &mut State, path: &Path) {
        if state
            .checked
            .is_some_and(|checked| checked.elapsed() < CHECK_EVERY)
        {
            return;
        }
        state.checked = Some(Instant::now());
        // Length, too: two changes may fall into one tick of the file system's clock.
        let stamp = std::fs::metadata(path)
            .and_then(|metadata| Ok((metadata.modified()?, metadata.len())))
            .ok();
        if stamp == state.stamp {
            return;
        }
        state.stamp = stamp;
        match std::fs::read_to_string(path) {
            Ok(text) => {
                state.servers = self.servers(name_servers(&text));
                let servers: Vec<&str> = state.servers.iter().map(|server| server.label.as_str()).collect();
                tracing::info!(file = %path.display(), ?servers, "read upstream DNS servers");
            }
            Err(error) => {
                let file = path.display();
                tracing::warn!(%file, %error, "cannot read upstream DNS servers; the last ones stay in use");
            }
        }
    }

    fn servers(&self, addresses: Vec<SocketAddr>) -> Vec<Arc<Upstream>> {
        let (own, others): (Vec<_>, Vec<_>) =
            addresses.into_iter().partition(|&address| self.is_own(address));
        for address in own {
            tracing::warn!(%address, "ignored an upstream DNS server: the address is one of this server");
        }
        others
            .into_iter()
            .map(|address| Arc::new(Upstream::new(address)))
            .collect()
    }

    /// Whether a query to the address would come back to this server.
    fn is_own(&self, address: SocketAddr) -> bool {
        self.own.iter().any(|own| {
            let wildcard = own.ip().is_unspecified() && is_local(address.ip());
            own.port() == address.port() && (own.ip() == address.ip() || wildcard)
        })
    }
}

/// Whether the address is one of this machine: the kernel lets nobody bind others.
fn is_local(address: IpAddr) -> bool {
    address.is_loopback() || UdpSocket::bind((address, 0)).is_ok()
}

/// The `nameserver` lines of a file like `/etc/resolv.conf`. Addresses with an interface's name
/// (`fe80::1%eth0`) are left out.
fn name_servers(text: &str) -> Vec<SocketAddr> {
    let lines = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let address = words
            .next()
            .filter(|&word| word == "nameserver")
            .and(words.next())?;
        Some(SocketAddr::new(address.parse().ok()?, PORT))
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_name_server_lines() {
        let text = "# nameserver 1.1.1.1\nsearch example.com\nnameserver 192.0.2.1 # first\n\tnameserver 2001:db8::1\nnameserver\n\
                    nameserver fe80::1%eth0\nnameservers 192.0.2.9\n";
        let expected = ["192.0.2.1:53", "[2001:db8::1]:53"].map(|address| address.parse().unwrap());
        assert_eq!(name_servers(text), expected);
    }

    #[test]
    fn never_lists_the_server_itself() {
        let parse = |text: &str| text.parse::<SocketAddr>().unwrap();
        let list = |own: &str, upstream: &str| {
            let source = Upstreams::Addresses(vec![parse(upstream)]);
            UpstreamList::new(source, vec![parse(own)]).in_order().len()
        };
        assert_eq!(list("127.0.0.1:53", "127.0.0.1:53"), 0);
        assert_eq!(list("0.0.0.0:53", "127.0.0.1:53"), 0);
        assert_eq!(list("[::]:53", "127.0.0.53:53"), 0);
        assert_eq!(list("127.0.0.1:1053", "127.0.0.1:53"), 1);
        assert_eq!(list("0.0.0.0:53", "192.0.2.1:53"), 1);
    }

    #[test]
    fn servers_that_failed_come_last() {
        let addresses = (1..=3)
            .map(|last| SocketAddr::from(([192, 0, 2, last], 53)))
            .collect();
        let list = UpstreamList::new(Upstreams::Addresses(addresses), Vec::new());
        let failed = list.in_order().remove(0);
        failed.failed();
        for _ in 0..20 {
            assert_eq!(
                list.in_order().last().map(|server| server.address),
                Some(failed.address)
            );
        }
        failed.succeeded();
        assert!(!failed.failed_recently());
    }

    #[test]
    fn reads_the_file_again_when_it_changes() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "nameserver 192.0.2.1\n").unwrap();
        let list = UpstreamList::new(Upstreams::ResolvConf(file.path().into()), Vec::new());
        assert_eq!(list.in_order().len(), 1);
        std::fs::write(file.path(), "nameserver 192.0.2.1\nnameserver 192.0.2.2\n").unwrap();
        list.state.lock().unwrap().checked = None;
        assert_eq!(list.in_order().len(), 2);
        std::fs::remove_file(file.path()).unwrap();
        list.state.lock().unwrap().checked = None;
        assert_eq!(list.in_order().len(), 2, "the last servers stay");
    }
}
