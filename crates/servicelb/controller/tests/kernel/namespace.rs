//! Network namespaces, each with a thread that works in it.

use std::process::Command;
use std::sync::mpsc;
use std::thread::JoinHandle;

use crate::sys::enter_new_namespace;

type Work = Box<dyn FnOnce() + Send>;

/// A network namespace. It goes with its last socket after the value was dropped.
pub(crate) struct Namespace {
    work: Option<mpsc::Sender<Work>>,
    thread: Option<JoinHandle<()>>,
    id: String,
}

impl Namespace {
    /// `None` without the privilege: then the test fails, unless `KINGLET_ALLOW_SKIP=1`.
    pub(crate) fn new() -> Option<Self> {
        let (work, orders) = mpsc::channel::<Work>();
        let (report, entered) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let id = std::fs::read_link("/proc/thread-self").unwrap();
            let id = id.file_name().unwrap().to_string_lossy().into_owned();
            report.send(enter_new_namespace().map(|()| id)).unwrap();
            orders.into_iter().for_each(|work| work());
        });
        match entered.recv().unwrap() {
            Ok(id) => {
                let namespace = Self {
                    work: Some(work),
                    thread: Some(thread),
                    id,
                };
                namespace.ip("link set lo up");
                Some(namespace)
            }
            Err(error) => {
                let skip = std::env::var("KINGLET_ALLOW_SKIP").is_ok_and(|value| value == "1");
                assert!(
                    skip,
                    "no network namespace, for which root is needed: {error} (KINGLET_ALLOW_SKIP=1 skips)"
                );
                None
            }
        }
    }

    /// Runs something inside.
    pub(crate) fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let (send, receive) = mpsc::channel();
        let work: Work = Box::new(move || {
            // Whoever waits is still there.
            let _ = send.send(work());
        });
        self.work.as_ref().unwrap().send(work).unwrap();
        receive.recv().expect("the work inside does not panic")
    }

    /// Runs the program `ip` inside; it must succeed.
    pub(crate) fn ip(&self, arguments: &str) {
        let words: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
        let output = self.run(move || Command::new("ip").args(words).output().expect("ip"));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "ip {arguments}: {errors}");
    }

    /// Lays a cable to another namespace, with an interface and addresses at each end.
    pub(crate) fn cable(&self, name: &str, addresses: &[&str], other: &Self, others: &[&str]) {
        let id = &other.id;
        self.ip(&format!("link add {name} type veth peer name eth0 netns {id}"));
        for (namespace, name, addresses) in [(self, name, addresses), (other, "eth0", others)] {
            for address in addresses {
                let nodad = if address.contains(':') { " nodad" } else { "" };
                namespace.ip(&format!("address add {address} dev {name}{nodad}"));
            }
            namespace.ip(&format!("link set {name} up"));
        }
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        self.work = None;
        let ended = self.thread.take().map(JoinHandle::join);
        if let Some(Err(panic)) = ended
            && !std::thread::panicking()
        {
            std::panic::resume_unwind(panic);
        }
    }
}
