//! The kernel, used off the asynchronous threads.

use kinglet_nft::{Batch, Error, Ownership};

use super::Kernel;
use crate::flows::Stale;
use crate::present::Present;
use crate::settings::Settings;

/// Lends the kernel to blocking threads.
pub(super) struct Lent {
    /// Away while a blocking thread has it.
    kernel: Option<Kernel>,
}

impl Lent {
    pub(super) fn new(kernel: Kernel) -> Self {
        Self { kernel: Some(kernel) }
    }

    pub(super) async fn ownership(&mut self) -> Result<Ownership, Error> {
        self.run(Kernel::ownership).await
    }

    /// What the table holds.
    pub(super) async fn present(&mut self, settings: Settings) -> Result<Option<Present>, Error> {
        self.run(move |kernel| kernel.present(&settings)).await
    }

    /// Commits batches one after another, and then deletes the connections that they made stale. What fails of the latter is logged: the rules stand.
    pub(super) async fn commit(&mut self, batches: Vec<Batch>, stale: Stale) -> Result<(), Error> {
        if batches.iter().all(Batch::is_empty) && stale.is_empty() {
            return Ok(());
        }
        self.run(move |kernel| {
            for batch in &batches {
                kernel.commit(batch)?;
            }
            match kernel.forget(&stale) {
                Ok(0) => {}
                Ok(count) => tracing::debug!("{count} connections to endpoints that are gone are deleted"),
                Err(error) => {
                    tracing::warn!("connections to endpoints that are gone are not deleted: {error}");
                }
            }
            Ok(())
        })
        .await
    }

    /// Runs something that blocks as long as the kernel works.
    async fn run<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Kernel) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let Some(mut kernel) = self.kernel.take() else {
            return Err(Error::NoAnswer);
        };
        let lent = tokio::task::spawn_blocking(move || {
            let result = work(&mut kernel);
            (kernel, result)
        });
        let Ok((kernel, result)) = lent.await else {
            return Err(Error::NoAnswer);
        };
        self.kernel = Some(kernel);
        result
    }
}
