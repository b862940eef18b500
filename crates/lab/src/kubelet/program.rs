//! A program of the host inside a place: of a container, or of somebody who looks into one.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tokio::io::AsyncWrite;
use tokio::process::Child;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::place::Place;
use crate::spawner::Spawner;

use super::output::{Channel, Chunk, pump};
use super::terminal::{Size, Terminal};

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

/// A command as a container runs it.
pub(crate) fn command(
    words: impl IntoIterator<Item = String>,
    place: &Place,
    environment: &[(String, String)],
    directory: Option<&str>,
) -> Command {
    let mut words = words.into_iter();
    let mut command = Command::new(words.next().unwrap_or_default());
    command
        .args(words)
        // A container does not inherit the environment of the kubelet.
        .env_clear()
        .env("PATH", search_path())
        .env("HOSTNAME", &place.description.hostname)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .current_dir(directory.unwrap_or("/"));
    command
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exit {
    /// As shells count: 128 + signal for a killed program.
    pub(crate) code: i32,
    pub(crate) signal: Option<i32>,
}

impl Exit {
    pub(crate) const SUCCESS: Self = Self {
        code: 0,
        signal: None,
    };
    pub(crate) const KILLED: Self = Self {
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

/// What a program reads.
pub(crate) type Input = Box<dyn AsyncWrite + Send + Sync + Unpin>;

/// A program that runs.
pub(crate) struct Program {
    child: Child,
    input: Option<Input>,
    terminal: Option<Terminal>,
    ended: CancellationToken,
    pumps: JoinSet<()>,
}

/// What a program is connected with beside its output.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Connected {
    pub(crate) stdin: bool,
    pub(crate) tty: bool,
    /// The terminal's first size, where one is known.
    pub(crate) size: Option<Size>,
}

impl Program {
    /// Starts a command; what it writes goes to `output`.
    pub(crate) async fn start(
        spawner: &Spawner,
        place: &Place,
        command: Command,
        connected: Connected,
        output: mpsc::Sender<Chunk>,
    ) -> io::Result<Self> {
        if connected.tty {
            Self::on_terminal(spawner, place, command, connected.size, output).await
        } else {
            Self::on_pipes(spawner, place, command, connected.stdin, output).await
        }
    }

    async fn on_terminal(
        spawner: &Spawner,
        place: &Place,
        mut command: Command,
        size: Option<Size>,
        output: mpsc::Sender<Chunk>,
    ) -> io::Result<Self> {
        let (terminal, program) = Terminal::open()?;
        if let Some(size) = size {
            terminal.resize(size)?;
        }
        if !command.get_envs().any(|(name, _)| name == "TERM") {
            command.env("TERM", "xterm");
        }
        command
            .stdin(program.try_clone()?)
            .stdout(program.try_clone()?)
            .stderr(program);
        let child = spawner.spawn(command, place).await?;
        let mut started = Self::new(child);
        started.input = Some(Box::new(terminal.writer()?));
        started.pump(terminal.reader()?, Channel::Stdout, output);
        started.terminal = Some(terminal);
        Ok(started)
    }

    async fn on_pipes(
        spawner: &Spawner,
        place: &Place,
        mut command: Command,
        stdin: bool,
        output: mpsc::Sender<Chunk>,
    ) -> io::Result<Self> {
        command
            .stdin(if stdin { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = spawner.spawn(command, place).await?;
        let (input, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let mut started = Self::new(child);
        started.input = input.map(|input| Box::new(input) as Input);
        if let Some(stdout) = stdout {
            started.pump(stdout, Channel::Stdout, output.clone());
        }
        if let Some(stderr) = stderr {
            started.pump(stderr, Channel::Stderr, output);
        }
        Ok(started)
    }

    fn new(child: Child) -> Self {
        Self {
            child,
            input: None,
            terminal: None,
            ended: CancellationToken::new(),
            pumps: JoinSet::new(),
        }
    }

    fn pump(
        &mut self,
        from: impl tokio::io::AsyncRead + Send + Unpin + 'static,
        channel: Channel,
        output: mpsc::Sender<Chunk>,
    ) {
        self.pumps.spawn(pump(from, channel, output, self.ended.clone()));
    }

    /// What it reads, once.
    pub(crate) fn take_input(&mut self) -> Option<Input> {
        self.input.take()
    }

    /// Its terminal, if it has one.
    pub(crate) fn terminal(&self) -> Option<Terminal> {
        self.terminal.clone()
    }

    /// Waits until it has ended and what it has written is passed on. May be asked again.
    pub(crate) async fn wait(&mut self) -> Exit {
        let exit = self.child.wait().await.map_or(Exit::KILLED, Exit::of);
        self.ended.cancel();
        while self.pumps.join_next().await.is_some() {}
        exit
    }

    /// Asks it to end.
    pub(crate) fn terminate(&self) {
        if let Some(pid) = self.pid() {
            // Gone already is fine.
            let _ = kill(pid, Signal::SIGTERM);
        }
    }

    /// Kills it with all that it started: it leads a session, so its group are all of those.
    pub(crate) fn kill(&self) {
        if let Some(pid) = self.pid() {
            // Gone already is fine.
            let _ = killpg(pid, Signal::SIGKILL);
        }
    }

    fn pid(&self) -> Option<Pid> {
        let id = self.child.id()?;
        i32::try_from(id).ok().map(Pid::from_raw)
    }
}
