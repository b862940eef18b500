//! Runs a command beside a container's own program.

use std::time::Duration;

use hyper::body::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

use super::answer::{Refusal, exit_status};
use super::request::Wants;
use super::streams::Streams;
use crate::kubelet::context::PodContext;
use crate::kubelet::output::Channel;
use crate::kubelet::program::{self, Connected, Exit, Input, Program};
use crate::kubelet::spec::Container;
use crate::kubelet::terminal::{Size, Terminal};
use crate::kubelet::variables::variables;

/// How long a terminal's size may take to come.
const FIRST: Duration = Duration::from_millis(500);

/// Runs it and tells the client how it ended.
pub(super) async fn exec(
    context: &PodContext,
    container: &Container,
    words: Vec<String>,
    wants: Wants,
    streams: Streams,
) {
    let Streams {
        stdin,
        mut sizes,
        output,
        gone,
    } = streams;
    let connected = Connected {
        stdin: wants.stdin,
        tty: wants.tty,
        size: first(&mut sizes, wants).await,
    };
    let started = start(context, container, words.clone(), connected, output.clone()).await;
    let status = match started {
        Ok(program) => tokio::select! {
            exit = run(program, stdin, sizes) => exit_status(exit),
            // The program was dropped, and its session is killed with it.
            () = gone.cancelled() => return,
        },
        Err(error) => {
            let command = words.join(" ");
            Refusal::internal(format!(
                "error executing command in container {}: {command:?}: {error}",
                container.name
            ))
            .into_bytes()
        }
    };
    // The client may have left.
    let _ = output.send((Channel::Status, status)).await;
}

/// The size that a client with a terminal sends first: programs ask for it when they start.
async fn first(sizes: &mut mpsc::Receiver<Size>, wants: Wants) -> Option<Size> {
    if !wants.tty {
        return None;
    }
    tokio::time::timeout(FIRST, sizes.recv()).await.ok().flatten()
}

async fn start(
    context: &PodContext,
    container: &Container,
    words: Vec<String>,
    connected: Connected,
    output: mpsc::Sender<(Channel, Bytes)>,
) -> std::io::Result<Program> {
    let environment = variables(context, container)
        .await
        .map_err(std::io::Error::other)?;
    let directory = container.working_dir.as_deref();
    let command = program::command(words, &context.place, &environment, directory);
    Program::start(&context.node.spawner, &context.place, command, connected, output).await
}

/// Feeds the program until it has ended.
async fn run(program: Program, stdin: mpsc::Receiver<Bytes>, sizes: mpsc::Receiver<Size>) -> Exit {
    let mut program = Session(program);
    let (input, terminal) = (program.0.take_input(), program.0.terminal());
    let fed = async { tokio::join!(feed(stdin, input), resize(sizes, terminal)) };
    let ended = program.0.wait();
    tokio::pin!(fed, ended);
    tokio::select! {
        exit = &mut ended => exit,
        // The client says no more, but the program may.
        _ = &mut fed => ended.await,
    }
}

/// Dies with all that it has started when nobody waits for it any more.
struct Session(Program);

impl Drop for Session {
    fn drop(&mut self) {
        self.0.kill();
    }
}

async fn feed(mut stdin: mpsc::Receiver<Bytes>, input: Option<Input>) {
    let Some(mut input) = input else { return };
    while let Some(bytes) = stdin.recv().await {
        let written = async {
            input.write_all(&bytes).await?;
            input.flush().await
        };
        // The program has closed its input: it does not want more.
        if written.await.is_err() {
            return;
        }
    }
}

async fn resize(mut sizes: mpsc::Receiver<Size>, terminal: Option<Terminal>) {
    while let Some(size) = sizes.recv().await {
        if let Some(terminal) = &terminal
            && let Err(error) = terminal.resize(size)
        {
            tracing::debug!(%error, "a terminal keeps its size");
        }
    }
}
