//! Network namespaces that live as long as a value.

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::process::Command;
use std::thread;

use nix::sched::{CloneFlags, setns, unshare};

use crate::skip::skip;

/// A network namespace. It goes with its last socket after the value was dropped.
#[derive(Debug)]
pub struct Namespace {
    file: File,
}

impl Namespace {
    /// A new namespace with its loopback up; `None` if it cannot be had and tests may be skipped.
    ///
    /// # Panics
    /// It cannot be had.
    pub fn new() -> Option<Self> {
        // A thread of its own: unshare(2) moves the calling one, which the test harness uses again.
        let made = thread::spawn(|| {
            unshare(CloneFlags::CLONE_NEWNET)?;
            File::open("/proc/thread-self/ns/net")
        });
        match made.join().expect("a thread") {
            Ok(file) => {
                let namespace = Self { file };
                namespace.ip("link set lo up");
                Some(namespace)
            }
            Err(error) => {
                skip(&format!("no network namespace, which needs root: {error}"));
                None
            }
        }
    }

    /// A new namespace that also forwards packets, and takes them on whichever interface they come.
    ///
    /// # Panics
    /// As [`Namespace::new`].
    pub fn router() -> Option<Self> {
        let namespace = Self::new()?;
        namespace.sysctl(&[
            ("net/ipv4/ip_forward", "1"),
            // Answers may come on another interface than that of the route back.
            ("net/ipv4/conf/all/rp_filter", "0"),
            ("net/ipv4/conf/default/rp_filter", "0"),
            ("net/ipv6/conf/all/forwarding", "1"),
            // Addresses can be used at once, not after a second of duplicate address detection (RFC 4862).
            ("net/ipv6/conf/all/accept_dad", "0"),
            ("net/ipv6/conf/default/accept_dad", "0"),
        ]);
        Some(namespace)
    }

    /// Sets switches by their path below `/proc/sys`.
    ///
    /// # Panics
    /// The kernel refuses.
    pub fn sysctl(&self, switches: &[(&str, &str)]) {
        self.run(|| {
            for (name, value) in switches {
                std::fs::write(format!("/proc/sys/{name}"), value).expect(name);
            }
        });
    }

    /// Runs something in a thread inside the namespace and waits for it.
    ///
    /// # Panics
    /// It panics.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let inside = scope.spawn(|| {
                self.enter();
                work()
            });
            inside
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Runs something in a thread inside the namespace that goes on.
    ///
    /// # Panics
    /// The process has no file descriptor left.
    pub fn spawn(&self, work: impl FnOnce() + Send + 'static) {
        let file = self.file.try_clone().expect("a descriptor");
        thread::spawn(move || {
            Self { file }.enter();
            work();
        });
    }

    fn enter(&self) {
        setns(&self.file, CloneFlags::CLONE_NEWNET).expect("enter a namespace");
    }

    /// What the program `ip` calls the namespace.
    pub fn path(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.file.as_raw_fd())
    }

    /// Runs `ip` inside with these arguments, separated by single spaces.
    ///
    /// # Panics
    /// It fails.
    pub fn ip(&self, arguments: &str) {
        self.program("ip", arguments);
    }

    /// Runs a program inside with arguments, separated by single spaces; returns what it prints.
    ///
    /// # Panics
    /// It fails.
    pub fn program(&self, program: &str, arguments: &str) -> String {
        let output = self.run(|| Command::new(program).args(arguments.split(' ')).output());
        let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments}: {errors}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Connects an interface `name` of this namespace with `eth0` of another, with addresses at each end.
    ///
    /// # Panics
    /// The kernel refuses.
    pub fn connect(&self, name: &str, addresses: &[&str], other: &Self, others: &[&str]) {
        let path = other.path();
        self.ip(&format!("link add {name} type veth peer name eth0 netns {path}"));
        for (namespace, name, addresses) in [(self, name, addresses), (other, "eth0", others)] {
            for address in addresses {
                let nodad = if address.contains(':') { " nodad" } else { "" };
                namespace.ip(&format!("address add {address} dev {name}{nodad}"));
            }
            namespace.ip(&format!("link set {name} up"));
        }
    }
}

/// Runs a test in a network namespace of its own, on a thread of its own.
///
/// # Panics
/// The test panics, or there is no namespace and tests must not be skipped.
pub fn in_namespace(test: fn()) {
    let body = move || match unshare(CloneFlags::CLONE_NEWNET) {
        Ok(()) => test(),
        Err(error) => skip(&format!("no network namespace, which needs root: {error}")),
    };
    if let Err(panic) = thread::spawn(body).join() {
        std::panic::resume_unwind(panic);
    }
}
