//! A `kinglet server --standalone` process.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a server may take to be ready, on a loaded machine.
const START: Duration = Duration::from_secs(60);

/// A running server on free ports; killed when dropped.
pub(crate) struct Server {
    process: Child,
    log: Arc<Mutex<Vec<Value>>>,
    /// `listening` log line: where the server listens.
    listening: Value,
    data_dir: PathBuf,
}

impl Server {
    /// Starts a server on a data directory and waits until it is ready.
    pub(crate) fn start(data_dir: &Path, flags: &[&str]) -> Self {
        let mut process = command(data_dir)
            .args(flags)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = collect(process.stderr.take().unwrap());
        let listening = wait_for(&log, "listening", &mut process);
        wait_for(&log, "ready", &mut process);
        Self {
            process,
            log,
            listening,
            data_dir: data_dir.to_owned(),
        }
    }

    /// The address of a listener: `api`, `dns`, `web`, `websecure` or `admin`.
    pub(crate) fn address(&self, listener: &str) -> SocketAddr {
        self.listening[listener].as_str().unwrap().parse().unwrap()
    }

    /// The kubeconfig file.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.data_dir.join("kubeconfig.yaml")
    }

    /// Log lines so far.
    pub(crate) fn log(&self) -> Vec<Value> {
        self.log.lock().unwrap().clone()
    }

    /// Ends the process at once, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Ends the process by SIGTERM and returns whether it reported success.
    pub(crate) fn terminate(mut self) -> bool {
        terminate(&mut self.process)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone is fine.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A subcommand that serves, on free ports.
pub(crate) fn kinglet(subcommand: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kinglet"));
    let listeners =
        ["api", "dns", "web", "websecure", "admin"].map(|name| format!("--{name}-listen=127.0.0.1:0"));
    command.arg(subcommand).args(listeners).stdout(Stdio::null());
    command
}

/// `kinglet server --standalone` on free ports.
pub(crate) fn command(data_dir: &Path) -> Command {
    let mut command = kinglet("server");
    command
        .args(["--standalone", "--log-format=json", "--data-dir"])
        .arg(data_dir);
    command
}

/// Starts a demo, and answers what it prints up to the end of its tour. It prints what to try only after
/// everything has answered; without that the output just ends.
pub(crate) fn start_demo(command: &mut Command) -> (Child, Vec<String>) {
    let mut demo = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(demo.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let tour = lines.take_while(|line| !line.contains("Ctrl-C")).collect();
    (demo, tour)
}

/// Ends a process by SIGTERM and returns whether it reported success.
pub(crate) fn terminate(process: &mut Child) -> bool {
    let pid = process.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .unwrap()
            .success()
    );
    let deadline = Instant::now() + START;
    loop {
        if let Some(status) = process.try_wait().unwrap() {
            return status.success();
        }
        assert!(Instant::now() < deadline, "the process does not end");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

fn collect(stderr: ChildStderr) -> Arc<Mutex<Vec<Value>>> {
    let log = Arc::new(Mutex::new(Vec::new()));
    let lines = log.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
            lines.lock().unwrap().push(line);
        }
    });
    log
}

fn wait_for(log: &Mutex<Vec<Value>>, message: &str, process: &mut Child) -> Value {
    let deadline = Instant::now() + START;
    loop {
        let found = log
            .lock()
            .unwrap()
            .iter()
            .find(|line| {
                line["message"]
                    .as_str()
                    .is_some_and(|text| text.starts_with(message))
            })
            .cloned();
        if let Some(line) = found {
            return line;
        }
        let ended = process.try_wait().unwrap();
        assert!(
            ended.is_none() && Instant::now() < deadline,
            "no {message:?} line; exit {ended:?}; log {:#?}",
            log.lock().unwrap()
        );
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
