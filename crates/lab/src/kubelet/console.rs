//! A container that runs, as those see it who attach to it or follow its log.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::io::AsyncWriteExt;
use tokio::sync::{broadcast, mpsc};

use super::log;
use super::output::Chunk;
use super::program::Input;
use super::terminal::{Size, Terminal};

/// How many chunks may wait for somebody who listens; who is slower misses some.
const WAITING: usize = 256;

/// What listens to a container's output. It ends when the last sender is gone.
pub(crate) type Listeners = broadcast::Sender<Chunk>;

/// Nobody listens yet.
pub(crate) fn listeners() -> Listeners {
    broadcast::Sender::new(WAITING)
}

/// A container that runs. Clones are the same.
#[derive(Clone)]
pub(crate) struct Console {
    /// Weak: the output is over when the program is, not when the last one has looked away.
    output: broadcast::WeakSender<Chunk>,
    input: Arc<tokio::sync::Mutex<Option<Input>>>,
    terminal: Option<Terminal>,
}

impl Console {
    pub(crate) fn new(output: &Listeners, input: Option<Input>, terminal: Option<Terminal>) -> Self {
        Self {
            output: output.downgrade(),
            input: Arc::new(tokio::sync::Mutex::new(input)),
            terminal,
        }
    }

    /// Hears everything from now on; `None` when it has ended.
    pub(crate) fn listen(&self) -> Option<broadcast::Receiver<Chunk>> {
        self.output.upgrade().map(|output| output.subscribe())
    }

    /// Writes to its standard input. `false` when it reads nothing.
    pub(crate) async fn write(&self, bytes: &[u8]) -> bool {
        let mut input = self.input.lock().await;
        let Some(open) = input.as_mut() else {
            return false;
        };
        let written = async {
            open.write_all(bytes).await?;
            open.flush().await
        };
        let written = written.await.is_ok();
        if !written {
            *input = None;
        }
        written
    }

    /// Ends its standard input.
    pub(crate) async fn close_input(&self) {
        *self.input.lock().await = None;
    }

    /// Sets the size of its terminal, if it has one.
    pub(crate) fn resize(&self, size: Size) {
        if let Some(terminal) = &self.terminal
            && let Err(error) = terminal.resize(size)
        {
            tracing::debug!(%error, "a terminal keeps its size");
        }
    }
}

/// The containers of a pod that run, by name.
#[derive(Clone, Default)]
pub(crate) struct Consoles {
    all: Arc<Mutex<HashMap<String, Console>>>,
}

impl Consoles {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Console>> {
        // No code that holds the lock can panic half-way through a change.
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, container: &str) -> Option<Console> {
        self.lock().get(container).cloned()
    }

    pub(crate) fn set(&self, container: &str, console: Console) {
        self.lock().insert(container.to_owned(), console);
    }

    pub(crate) fn remove(&self, container: &str) {
        self.lock().remove(container);
    }
}

/// Writes a program's output to its log and tells it to all who listen, until it ends.
pub(crate) async fn record(mut output: mpsc::Receiver<Chunk>, mut log: log::Writer, listeners: Listeners) {
    while let Some((channel, chunk)) = output.recv().await {
        // The log first: who is woken reads it.
        if let Err(error) = log.write(channel, &chunk, Timestamp::now()) {
            tracing::warn!(%error, "output of a container is lost");
        }
        // Nobody has to listen.
        let _ = listeners.send((channel, chunk));
    }
    if let Err(error) = log.finish(Timestamp::now()) {
        tracing::warn!(%error, "the end of a container's output is lost");
    }
}
