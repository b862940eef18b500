//! What a container runs: the built-in echo server, or a program of the host.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use kinglet_model::Protocol;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::echo::{Echo, Identity};
use crate::place::Place;
use crate::spawner::Spawner;

use super::console::{self, Console, Listeners};
use super::log;
use super::output::Channel;
use super::program::{self, Connected, Exit, Program};
use super::spec::Container;

/// How long an echo server serves on when it is asked to end, until everybody knows that it goes.
const DRAIN: Duration = Duration::from_secs(1);
/// How many chunks of output may wait to be written down.
const WAITING: usize = 4;

/// Something that runs.
pub(crate) enum Workload {
    Echo {
        echo: Echo,
        /// Its output is over when this is dropped.
        _output: Listeners,
    },
    Program {
        program: Box<Program>,
        recorder: JoinHandle<()>,
    },
}

impl Workload {
    /// Starts the echo server on the container's ports. All that it says is where it listens.
    pub(crate) fn echo(
        container: &Container,
        place: &Place,
        addresses: &[IpAddr],
        identity: Identity,
        mut log: log::Writer,
    ) -> io::Result<(Self, Console)> {
        let ports: Vec<(Protocol, u16)> = container
            .ports
            .iter()
            .map(|port| (port.protocol, port.container_port))
            .collect();
        let echo = Echo::start(&place.namespace, addresses, identity, &ports)?;
        log.write(Channel::Stdout, greeting(&ports).as_bytes(), Timestamp::now())?;
        let output = console::listeners();
        let console = Console::new(&output, None, None);
        let workload = Self::Echo {
            echo,
            _output: output,
        };
        Ok((workload, console))
    }

    /// Starts a program. What it writes goes to its log.
    pub(crate) async fn program(
        spawner: &Spawner,
        place: &Place,
        container: &Container,
        environment: &[(String, String)],
        log: log::Writer,
    ) -> io::Result<(Self, Console)> {
        let words = container.command.iter().chain(&container.args);
        let words = words.map(|word| super::environment::expand(word, environment));
        let command = program::command(words, place, environment, container.working_dir.as_deref());
        let connected = Connected {
            stdin: container.stdin,
            tty: container.tty,
            size: None,
        };
        let (output, written) = mpsc::channel(WAITING);
        let mut program = Program::start(spawner, place, command, connected, output).await?;
        let listeners = console::listeners();
        let console = Console::new(&listeners, program.take_input(), program.terminal());
        let recorder = tokio::spawn(console::record(written, log, listeners));
        let program = Box::new(program);
        Ok((Self::Program { program, recorder }, console))
    }

    /// Waits until it ends by itself. An echo server never does.
    pub(crate) async fn ended(&mut self) -> Exit {
        match self {
            Self::Echo { .. } => std::future::pending().await,
            Self::Program { program, recorder } => {
                let exit = program.wait().await;
                // The log is complete when the container counts as ended. A task that panicked is over, too.
                let _ = recorder.await;
                exit
            }
        }
    }

    /// Asks it to end and waits for that, at most `grace` and until `now` is cancelled; then kills it.
    pub(crate) async fn terminate(mut self, grace: Duration, now: &CancellationToken) -> Exit {
        let asked = async {
            if let Self::Echo { echo, .. } = &self {
                echo.drain();
                // Endpoints that go need a moment until every node's rules have left them out.
                tokio::time::sleep(DRAIN.min(grace / 2)).await;
                echo.close().await;
                return Exit::SUCCESS;
            }
            if let Self::Program { program, .. } = &self {
                program.terminate();
            }
            self.ended().await
        };
        let within = now.run_until_cancelled(tokio::time::timeout(grace, asked)).await;
        match within {
            Some(Ok(exit)) => exit,
            _ => self.kill().await,
        }
    }

    /// Ends it at once.
    pub(crate) async fn kill(mut self) -> Exit {
        if let Self::Program { program, .. } = &self {
            program.kill();
            // It is dead or dying; what counts is that it is gone.
            self.ended().await;
        }
        Exit::KILLED
    }
}

fn greeting(ports: &[(Protocol, u16)]) -> String {
    let texts: Vec<String> = ports
        .iter()
        .map(|(protocol, port)| format!("{port}/{}", protocol.as_lower()))
        .collect();
    match texts.as_slice() {
        [] => "echo server without ports\n".to_owned(),
        all => format!("echo server on {}\n", all.join(", ")),
    }
}
