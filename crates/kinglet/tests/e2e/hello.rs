//! The sample of `examples/hello` on a server, with echo backends at the addresses that its EndpointSlices
//! name.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use kinglet_test_support::until;

use crate::server::Server;
use crate::tools;

/// The backends' addresses are fixed: one sample at a time.
static ADDRESSES: Mutex<()> = Mutex::new(());

/// Holds the backends' addresses for one test.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    ADDRESSES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long a change may take to be seen, on a loaded machine.
const DEADLINE: Duration = Duration::from_secs(20);

/// A server with the sample applied.
pub(crate) struct Hello {
    /// The server.
    pub(crate) server: Server,
    /// Its data directory.
    pub(crate) directory: tempfile::TempDir,
    _echoes: [Echo; 2],
    _alone: MutexGuard<'static, ()>,
}

impl Hello {
    /// Starts everything; `None` when kubectl is missing and tests may be skipped.
    pub(crate) fn start() -> Option<Self> {
        let alone = alone();
        newest_kubectl()?;
        let echoes = [
            Echo::start(([127, 0, 0, 11], 5678).into()),
            Echo::start(([127, 0, 0, 12], 5678).into()),
        ];
        let directory = tempfile::tempdir().unwrap();
        let server = Server::start(directory.path(), &[]);
        let hello = Self {
            server,
            directory,
            _echoes: echoes,
            _alone: alone,
        };
        hello.kubectl(&["apply", "-f", examples().join("hello").to_str().unwrap()]);
        Some(hello)
    }

    /// Runs kubectl, which must succeed, and returns what it printed.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        let output = Command::new(newest_kubectl().unwrap())
            .args(arguments)
            .env("KUBECONFIG", self.server.kubeconfig())
            .env("KUBECACHEDIR", self.directory.path().join("cache"))
            .output()
            .unwrap();
        let (printed, error) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(output.status.success(), "kubectl {arguments:?}: {printed}{error}");
        printed.into_owned()
    }

    /// `dig` without decoration; lines sorted.
    pub(crate) fn dig(&self, arguments: &[&str]) -> Vec<String> {
        let address = self.server.address("dns");
        let output = Command::new("dig")
            .arg(format!("@{}", address.ip()))
            .args(["-p", &address.port().to_string(), "+tries=2", "+time=5"])
            .args(arguments)
            .output()
            .expect("dig is missing: run tests/tools/install");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut lines: Vec<String> = text
            .lines()
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect();
        lines.sort();
        lines
    }

    /// `curl` of a URL whose host resolves to the entry point: status code and body.
    pub(crate) fn curl(&self, url: &str, arguments: &[&str]) -> (u16, String) {
        let https = url.starts_with("https:");
        let address = self.server.address(if https { "websecure" } else { "web" });
        let (scheme, rest) = url.split_once("://").unwrap();
        let (host, path) = rest.split_once('/').unwrap();
        let port = address.port();
        let output = Command::new("curl")
            .args([
                "-sS",
                "-w",
                "\n%{http_code}",
                "--max-time",
                "10",
                "--resolve",
                &format!("{host}:{port}:{}", address.ip()),
            ])
            .args(arguments)
            .arg(format!("{scheme}://{host}:{port}/{path}"))
            .output()
            .expect("curl is missing: run tests/tools/install");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (body, code) = text
            .rsplit_once('\n')
            .unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        (code.parse().unwrap(), body.to_owned())
    }

    /// The page `/metrics`.
    pub(crate) fn metrics(&self) -> String {
        let url = format!("http://{}/metrics", self.server.address("admin"));
        let output = Command::new("curl").args(["-sS", &url]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// Waits until a condition holds; fails with its last description otherwise.
pub(crate) fn eventually(condition: impl FnMut() -> Result<(), String>) {
    until(DEADLINE, condition);
}

/// The folder of examples.
pub(crate) fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .canonicalize()
        .unwrap()
}

/// The newest installed kubectl; `None` when it is missing and tests may be skipped.
pub(crate) fn newest_kubectl() -> Option<PathBuf> {
    tools::installed(&format!("bin/kubectl-{}", tools::kubectl_versions().last()?))
}

/// A minimal HTTP server that tells its address and the request's head.
struct Echo {
    address: SocketAddr,
    stopping: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Echo {
    fn start(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = stopping.clone();
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                std::thread::spawn(move || serve(stream, address));
            }
        });
        Self {
            address,
            stopping,
            accepting: Some(accepting),
        }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        // Wakes the accept loop, whose end frees the address for the next test.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            accepting.join().unwrap();
        }
    }
}

/// Answers requests without a body on one connection, until it closes.
fn serve(stream: TcpStream, address: SocketAddr) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if !matches!(reader.read_line(&mut head), Ok(read) if read > 0) {
                return;
            }
        }
        let body = format!("from {address}\n{head}");
        if write!(
            writer,
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .is_err()
        {
            return;
        }
    }
}
