//! Changes of a burst, worked on at once.

use std::time::Duration;

use kinglet_kube::{Inputs, Source};
use tokio::time::{Instant, sleep_until};

/// How long changes are collected.
const WINDOW: Duration = Duration::from_millis(20);

/// Gives the changes of [`Inputs`] a moment after the first of them. A plan looks at the whole cluster, so
/// that a plan for each change of a burst would cost the square of its length.
pub(super) struct Collected<C> {
    inputs: Inputs<C>,
    changes: Vec<C>,
    /// When what was collected is due.
    due: Option<Instant>,
}

impl<C: Send + 'static> Collected<C> {
    pub(super) fn new(inputs: Inputs<C>) -> Self {
        Self {
            inputs,
            changes: Vec::new(),
            due: None,
        }
    }
}

impl<C: Send + 'static> Source for Collected<C> {
    type Change = C;

    async fn next(&mut self) -> Vec<C> {
        // Everything is kept in `self`, so that a dropped future loses nothing.
        loop {
            let Some(due) = self.due else {
                self.changes.extend(self.inputs.next().await);
                self.due = Some(Instant::now() + WINDOW);
                continue;
            };
            tokio::select! {
                biased;
                () = sleep_until(due) => {
                    self.due = None;
                    return std::mem::take(&mut self.changes);
                }
                more = self.inputs.next() => self.changes.extend(more),
            }
        }
    }

    fn is_synced(&self) -> bool {
        self.inputs.is_synced() && self.due.is_none()
    }
}
