//! Which parts of the process are ready to serve.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

/// All parts that must be ready before the process is. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Readiness {
    gates: Arc<Mutex<Vec<Gate>>>,
    changed: watch::Sender<()>,
}

/// One part's state: not ready until it says so.
#[derive(Clone, Debug)]
pub struct Gate {
    name: &'static str,
    open: Arc<AtomicBool>,
    changed: watch::Sender<()>,
}

impl Gate {
    /// The part is ready from now on.
    pub fn open(&self) {
        self.set(true);
    }

    /// Says whether the part is ready.
    pub fn set(&self, ready: bool) {
        // Release: whoever sees the gate open also sees what was published before it.
        self.open.store(ready, Ordering::Release);
        self.changed.send_replace(());
    }

    fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }
}

impl Default for Readiness {
    fn default() -> Self {
        Self {
            gates: Arc::default(),
            changed: watch::Sender::new(()),
        }
    }
}

impl Readiness {
    /// Adds a part that is not ready yet.
    pub fn gate(&self, name: &'static str) -> Gate {
        let gate = Gate {
            name,
            open: Arc::default(),
            changed: self.changed.clone(),
        };
        self.gates
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(gate.clone());
        gate
    }

    /// The names of all parts and whether they are ready, in the order in which they were added.
    pub fn parts(&self) -> Vec<(&'static str, bool)> {
        let gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        gates.iter().map(|gate| (gate.name, gate.is_open())).collect()
    }

    /// Whether every part is ready.
    pub fn is_ready(&self) -> bool {
        self.parts().iter().all(|(_, ready)| *ready)
    }

    /// Waits until every part is ready.
    pub async fn ready(&self) {
        // Subscribed before looking: a gate that opens in between is not missed.
        let mut changed = self.changed.subscribe();
        // The sender lives in `self`, so the wait cannot end without readiness.
        while !self.is_ready() && changed.changed().await.is_ok() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn ready_when_the_last_gate_opens() {
        let readiness = Readiness::default();
        let (dns, web) = (readiness.gate("dns"), readiness.gate("web"));
        dns.open();
        assert_eq!(readiness.parts(), [("dns", true), ("web", false)]);
        let waiting = tokio::spawn({
            let readiness = readiness.clone();
            async move { readiness.ready().await }
        });
        assert!(!readiness.is_ready());
        web.open();
        waiting.await.unwrap();
        assert!(readiness.is_ready());
        web.set(false);
        assert_eq!(readiness.parts(), [("dns", true), ("web", false)]);
    }
}
