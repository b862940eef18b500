//! Values whose use blocks, such as a netlink socket, used from asynchronous tasks.

/// Gives a value to one blocking thread at a time.
#[derive(Debug)]
pub struct Blocking<T> {
    /// Absent while a blocking thread has it.
    value: Option<T>,
}

/// The thread that had the value panicked, or its caller did not wait for it: the value is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a worker thread panicked; the log has its message")]
pub struct WorkerPanicked;

impl<T: Send + 'static> Blocking<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self { value: Some(value) }
    }

    /// Runs work that may block, in a thread that may. A future that is dropped before it is done loses the
    /// value: the thread still has it.
    ///
    /// # Errors
    /// The work panicked, now or before.
    pub async fn run<R: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut T) -> R + Send + 'static,
    ) -> Result<R, WorkerPanicked> {
        let mut value = self.value.take().ok_or(WorkerPanicked)?;
        let running = tokio::task::spawn_blocking(move || {
            let result = work(&mut value);
            (value, result)
        });
        // A panic drops the value, which it may have left half-changed.
        let (value, result) = running.await.map_err(|_| WorkerPanicked)?;
        self.value = Some(value);
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_value_comes_back_unless_a_thread_panics() {
        let mut value = Blocking::new(1);
        value.run(|value| *value += 1).await.unwrap();
        assert_eq!(value.run(|value| *value).await.unwrap(), 2);
        assert!(value.run(|_| panic!("on purpose")).await.is_err());
        assert!(value.run(|value| *value).await.is_err());
    }
}
