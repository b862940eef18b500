//! The connection to the kernel, used off the asynchronous threads.

use kinglet_nft::{Batch, Connection, Error};

/// Lends the connection to blocking threads.
pub(super) struct Kernel {
    /// Away while a blocking thread has it.
    connection: Option<Connection>,
}

impl Kernel {
    pub(super) fn new(connection: Connection) -> Self {
        let connection = Some(connection);
        Self { connection }
    }

    pub(super) async fn commit(&mut self, batch: Batch) -> Result<(), Error> {
        if batch.is_empty() {
            return Ok(());
        }
        self.run(move |connection| connection.commit(&batch)).await
    }

    /// Runs something that blocks as long as the kernel works.
    pub(super) async fn run<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let Some(mut connection) = self.connection.take() else {
            return Err(Error::NoAnswer);
        };
        let lent = tokio::task::spawn_blocking(move || {
            let result = work(&mut connection);
            (connection, result)
        });
        let Ok((connection, result)) = lent.await else {
            return Err(Error::NoAnswer);
        };
        self.connection = Some(connection);
        result
    }
}
