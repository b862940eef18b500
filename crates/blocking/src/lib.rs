//! Something that blocks, such as a connection to the kernel, used off the asynchronous threads.
//!
//! In: a value. Out: what a function made of it.
//!
//! Invariant: one thread at a time has the value.

/// Lends a value to blocking threads, to one at a time.
#[derive(Debug)]
pub struct Lent<T> {
    /// Away while a blocking thread has it.
    home: Option<T>,
}

/// The value did not come back: a thread that had it panicked.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a thread ended in disorder")]
pub struct Lost;

impl<T: Send + 'static> Lent<T> {
    /// The value is at home.
    pub fn new(value: T) -> Self {
        Self { home: Some(value) }
    }

    /// Runs something that may block.
    ///
    /// # Errors
    /// It panicked, now or before.
    pub async fn run<R: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut T) -> R + Send + 'static,
    ) -> Result<R, Lost> {
        let mut value = self.home.take().ok_or(Lost)?;
        let lent = tokio::task::spawn_blocking(move || {
            let result = work(&mut value);
            (value, result)
        });
        let (value, result) = lent.await.map_err(|_| Lost)?;
        self.home = Some(value);
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn comes_back_unless_a_thread_panics() {
        let mut lent = Lent::new(1);
        lent.run(|value| *value += 1).await.unwrap();
        assert_eq!(lent.run(|value| *value).await.unwrap(), 2);
        assert!(lent.run(|_| panic!("on purpose")).await.is_err());
        assert!(lent.run(|value| *value).await.is_err());
    }
}
