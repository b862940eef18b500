//! Where the HTTP library's own tasks run.

/// Spawns the library's tasks on the worker's own thread: nothing that a worker owns is ever sent to another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalExecutor;

impl<F: Future + 'static> hyper::rt::Executor<F> for LocalExecutor {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(async move {
            future.await;
        });
    }
}
