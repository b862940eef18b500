//! What a container runs: the built-in echo server, or a program of the host.

use std::ffi::OsString;
use std::io;
use std::net::IpAddr;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use kinglet_model::Protocol;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tokio::process::Child;
use tokio_util::sync::CancellationToken;

use crate::echo::{Echo, Identity};
use crate::place::Place;
use crate::spawner::Spawner;

use super::spec::Container;

/// How long an echo server serves on when it is asked to end, until everybody knows that it goes.
const DRAIN: Duration = Duration::from_secs(1);

/// Where programs are looked for: where this process looks, and then beside its own program, so that
/// `kinglet` is found.
fn search_path() -> OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    if let Ok(program) = std::env::current_exe()
        && let Some(directory) = program.parent()
    {
        path.push(":");
        path.push(directory);
    }
    path
}

/// Something that runs.
pub(crate) enum Workload {
    Echo(Echo),
    Program(Child),
}

/// How a workload ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exit {
    /// As shells count: 128 + signal for a killed program.
    pub(crate) code: i32,
    pub(crate) signal: Option<i32>,
}

impl Exit {
    const SUCCESS: Self = Self {
        code: 0,
        signal: None,
    };
    const KILLED: Self = Self {
        code: 137,
        signal: Some(9),
    };

    fn of(status: ExitStatus) -> Self {
        let signal = status.signal();
        let code = signal.map(|signal| 128 + signal).or_else(|| status.code());
        Self {
            code: code.unwrap_or(1),
            signal,
        }
    }
}

impl Workload {
    /// Starts the echo server on the container's ports.
    pub(crate) fn echo(
        container: &Container,
        place: &Place,
        addresses: &[IpAddr],
        identity: Identity,
    ) -> io::Result<Self> {
        let ports: Vec<(Protocol, u16)> = container
            .ports
            .iter()
            .map(|port| (port.protocol, port.container_port))
            .collect();
        Echo::start(&place.namespace, addresses, identity, &ports).map(Self::Echo)
    }

    /// Starts a program. What it writes goes to a file of the place.
    pub(crate) async fn program(
        spawner: &Spawner,
        place: &Place,
        container: &Container,
        environment: &[(String, String)],
    ) -> io::Result<Self> {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(place.directory.join(format!("{}.log", container.name)))?;
        let mut words = container.command.iter().chain(&container.args);
        let expand = |word: &String| super::environment::expand(word, environment);
        let program = words.next().map(expand).unwrap_or_default();
        let mut command = Command::new(program);
        command
            .args(words.map(expand))
            // A container does not inherit the environment of the kubelet.
            .env_clear()
            .env("PATH", search_path())
            .env("HOSTNAME", &place.description.hostname)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .current_dir(container.working_dir.as_deref().unwrap_or("/"))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        spawner.spawn(command, place).await.map(Self::Program)
    }

    /// Waits until it ends by itself. An echo server never does.
    pub(crate) async fn ended(&mut self) -> Exit {
        match self {
            Self::Echo(_) => std::future::pending().await,
            Self::Program(child) => child.wait().await.map_or(Exit::KILLED, Exit::of),
        }
    }

    /// Asks it to end and waits for that, at most `grace` and until `now` is cancelled; then kills it.
    pub(crate) async fn terminate(mut self, grace: Duration, now: &CancellationToken) -> Exit {
        let asked = async {
            match &mut self {
                Self::Echo(echo) => {
                    echo.drain();
                    // Endpoints that go need a moment until every node's rules have left them out.
                    tokio::time::sleep(DRAIN.min(grace / 2)).await;
                    echo.close().await;
                    Exit::SUCCESS
                }
                Self::Program(child) => {
                    // The first process alone, as container runtimes do; at the end all are killed.
                    signal_process(child, Signal::SIGTERM);
                    child.wait().await.map_or(Exit::KILLED, Exit::of)
                }
            }
        };
        let within = now.run_until_cancelled(tokio::time::timeout(grace, asked)).await;
        match within {
            Some(Ok(exit)) => exit,
            _ => self.kill().await,
        }
    }

    /// Ends it at once.
    pub(crate) async fn kill(self) -> Exit {
        if let Self::Program(mut child) = self {
            signal_group(&child, Signal::SIGKILL);
            // It is dead or dying; what counts is that it is gone.
            let _ = child.wait().await;
        }
        Exit::KILLED
    }
}

fn pid(child: &Child) -> Option<Pid> {
    child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .map(Pid::from_raw)
}

fn signal_process(child: &Child, signal: Signal) {
    if let Some(pid) = pid(child) {
        // Gone already is fine.
        let _ = kill(pid, signal);
    }
}

/// The program leads a session, so its group are all that it started.
fn signal_group(child: &Child, signal: Signal) {
    if let Some(pid) = pid(child) {
        // Gone already is fine.
        let _ = killpg(pid, signal);
    }
}
