//! Network namespaces that live as long as a value.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::process::Command;
use std::thread;

use nix::sched::{CloneFlags, setns, unshare};

/// A network namespace.
pub(crate) struct Namespace {
    file: File,
}

impl Namespace {
    /// A new namespace with its loopback up and forwarding on. Nothing if it cannot be had and
    /// `KINGLET_ALLOW_SKIP=1`.
    pub(crate) fn create() -> Option<Self> {
        let made = thread::spawn(|| {
            unshare(CloneFlags::CLONE_NEWNET)?;
            File::open("/proc/thread-self/ns/net")
        });
        match made.join().expect("a thread") {
            Ok(file) => {
                let namespace = Self { file };
                namespace.prepare();
                Some(namespace)
            }
            Err(error) if std::env::var("KINGLET_ALLOW_SKIP").is_ok_and(|value| value == "1") => {
                eprintln!("skipped: no network namespace: {error}");
                None
            }
            Err(error) => {
                panic!("no network namespace: {error} (root is needed; KINGLET_ALLOW_SKIP=1 skips)")
            }
        }
    }

    fn prepare(&self) {
        self.run(|| {
            for (name, value) in [
                ("net/ipv4/ip_forward", "1"),
                ("net/ipv4/conf/all/rp_filter", "0"),
                ("net/ipv4/conf/default/rp_filter", "0"),
                ("net/ipv6/conf/all/forwarding", "1"),
                ("net/ipv6/conf/all/accept_dad", "0"),
                ("net/ipv6/conf/default/accept_dad", "0"),
            ] {
                std::fs::write(format!("/proc/sys/{name}"), value).expect(name);
            }
        });
        self.ip("link set lo up");
    }

    /// Runs something in a thread inside the namespace and waits for it.
    pub(crate) fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
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
    pub(crate) fn spawn(&self, work: impl FnOnce() + Send + 'static) {
        let file = self.file.try_clone().expect("a descriptor");
        thread::spawn(move || {
            Self { file }.enter();
            work();
        });
    }

    fn enter(&self) {
        setns(&self.file, CloneFlags::CLONE_NEWNET).expect("enter a namespace");
    }

    /// What the `ip` program calls the namespace.
    pub(crate) fn path(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.file.as_raw_fd())
    }

    /// Runs `ip` with these arguments; it must succeed.
    pub(crate) fn ip(&self, arguments: &str) {
        self.program("ip", arguments);
    }

    /// Runs a program inside, which must succeed; returns what it prints.
    pub(crate) fn program(&self, program: &str, arguments: &str) -> String {
        let output = self.run(|| Command::new(program).args(arguments.split(' ')).output());
        let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments}: {errors}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }
}
