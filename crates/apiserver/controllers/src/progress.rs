//! How far the start has come.

use tokio::sync::watch;

/// Running controllers.
#[derive(Clone, Debug)]
pub struct Controllers {
    waiting: watch::Receiver<usize>,
}

impl Controllers {
    /// Whether all controllers have seen everything that existed at the start.
    pub fn is_synced(&self) -> bool {
        *self.waiting.borrow() == 0
    }

    /// Waits until [`Controllers::is_synced`], or until the controllers were stopped.
    pub async fn synced(&mut self) {
        // An error means that all controllers are gone.
        let _ = self.waiting.wait_for(|waiting| *waiting == 0).await;
    }
}

/// One controller's part of [`Controllers`].
#[derive(Clone)]
pub struct Progress {
    waiting: watch::Sender<usize>,
    synced: bool,
}

impl Progress {
    /// The progress of some controllers, none of which is synced.
    pub fn of(controllers: usize) -> (Self, Controllers) {
        let (sender, waiting) = watch::channel(controllers);
        let progress = Self {
            waiting: sender,
            synced: false,
        };
        (progress, Controllers { waiting })
    }

    /// Whether this controller has seen everything that existed at the start.
    pub fn is_synced(&self) -> bool {
        self.synced
    }

    /// Tells whether this controller has seen everything that existed at the start; once it has, it always
    /// has.
    pub fn update(&mut self, synced: bool) {
        if synced && !self.synced {
            self.synced = true;
            self.waiting
                .send_modify(|waiting| *waiting = waiting.saturating_sub(1));
        }
    }
}
