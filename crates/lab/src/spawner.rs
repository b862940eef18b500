//! Starts programs inside places, all from one thread: they are killed when it ends, and with it when the
//! lab's process is killed.

use std::io;
use std::process::Command;
use std::sync::mpsc;

use tokio::process::Child;
use tokio::sync::oneshot;

use crate::place::Place;
use crate::sys;

type Job = Box<dyn FnOnce() + Send>;

/// Starts programs. Cheap to clone; the thread ends with the last clone.
#[derive(Clone, Debug)]
pub(crate) struct Spawner {
    jobs: mpsc::Sender<Job>,
}

impl Spawner {
    /// Starts the thread.
    pub(crate) fn new() -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel::<Job>();
        // One thread for the life of the lab: PR_SET_PDEATHSIG fires when the thread ends that forked, and
        // the runtime's threads for blocking calls come and go.
        std::thread::Builder::new()
            .name("spawner".to_owned())
            .spawn(move || queue.into_iter().for_each(|job| job()))?;
        Ok(Self { jobs })
    }

    /// Starts a program inside a place, as leader of its own session.
    pub(crate) async fn spawn(&self, mut command: Command, place: &Place) -> io::Result<Child> {
        sys::run_inside(&mut command, place)?;
        let (answer, answered) = oneshot::channel();
        let runtime = tokio::runtime::Handle::current();
        let job = move || {
            // tokio's Child needs a runtime for SIGCHLD, and this thread is none of the runtime's.
            let _guard = runtime.enter();
            // Nobody waits any more: the child goes with the dropped answer.
            let _ = answer.send(tokio::process::Command::from(command).kill_on_drop(true).spawn());
        };
        let gone = || io::Error::other("the thread that starts programs is gone");
        self.jobs.send(Box::new(job)).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

impl Place {
    /// Becomes a program inside the place; returns only when that fails.
    pub fn exec(&self, command: &mut std::process::Command) -> io::Error {
        use std::os::unix::process::CommandExt;
        match sys::enter(self) {
            Ok(()) => command.exec(),
            Err(error) => error,
        }
    }
}
