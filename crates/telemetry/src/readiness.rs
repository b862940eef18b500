//! Which parts of the process are ready to serve.

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// How often checks are made again by those who wait: time alone can end a problem.
const CHECK: Duration = Duration::from_secs(1);

/// All parts that must be ready before the process is. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Readiness {
    parts: Arc<Mutex<Vec<State>>>,
    changed: watch::Sender<()>,
}

/// One part's state: not ready until it says so.
#[derive(Clone, Debug)]
pub struct Gate {
    name: &'static str,
    open: Arc<AtomicBool>,
    changed: watch::Sender<()>,
}

/// A part of the process, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name, as `/readyz` shows it.
    pub name: &'static str,
    /// Why it is not ready; nothing if it is.
    pub problem: Option<Cow<'static, str>>,
}

/// Finds out whether a part has a problem, and which.
type Check = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// How it is found out whether a part is ready.
#[derive(Clone)]
enum State {
    Gate(Gate),
    Check(&'static str, Check),
}

impl State {
    fn part(&self) -> Part {
        match self {
            Self::Gate(gate) => Part {
                name: gate.name,
                problem: (!gate.is_open()).then_some(Cow::Borrowed("not ready")),
            },
            Self::Check(name, check) => Part {
                name,
                problem: check().map(Cow::Owned),
            },
        }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.part().fmt(f)
    }
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
            parts: Arc::default(),
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
        self.add(State::Gate(gate.clone()));
        gate
    }

    /// Adds a part that is ready unless a check finds a problem. It is made whenever somebody asks, and must
    /// not block. A text that stays the same as long as the problem does keeps quiet those who tell of
    /// changes.
    pub fn check(&self, name: &'static str, problem: impl Fn() -> Option<String> + Send + Sync + 'static) {
        self.add(State::Check(name, Arc::new(problem)));
    }

    fn add(&self, part: State) {
        self.parts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(part);
    }

    /// All parts, in the order in which they were added.
    pub fn parts(&self) -> Vec<Part> {
        // Checks are made without the lock: they may take others.
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner).clone();
        parts.iter().map(State::part).collect()
    }

    /// Whether every part is ready.
    pub fn is_ready(&self) -> bool {
        self.parts().iter().all(|part| part.problem.is_none())
    }

    /// Waits until every part is ready.
    pub async fn ready(&self) {
        // Subscribed before looking: a gate that opens in between is not missed.
        let mut changed = self.changed.subscribe();
        while !self.is_ready() {
            // Neither outcome matters: it is looked again. The sender lives in `self`.
            let _ = tokio::time::timeout(CHECK, changed.changed()).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(readiness: &Readiness) -> Vec<(&'static str, Option<String>)> {
        let parts = readiness.parts().into_iter();
        parts
            .map(|part| (part.name, part.problem.map(Cow::into_owned)))
            .collect()
    }

    #[tokio::test]
    async fn ready_when_the_last_gate_opens() {
        let readiness = Readiness::default();
        let (dns, web) = (readiness.gate("dns"), readiness.gate("web"));
        dns.open();
        let not_ready = Some("not ready".to_owned());
        assert_eq!(problems(&readiness), [("dns", None), ("web", not_ready.clone())]);
        let waiting = tokio::spawn({
            let readiness = readiness.clone();
            async move { readiness.ready().await }
        });
        assert!(!readiness.is_ready());
        web.open();
        waiting.await.unwrap();
        assert!(readiness.is_ready());
        web.set(false);
        assert_eq!(problems(&readiness), [("dns", None), ("web", not_ready)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_is_made_again_by_those_who_wait() {
        let readiness = Readiness::default();
        let fails = Arc::new(AtomicBool::new(true));
        let seen = fails.clone();
        readiness.check("watches", move || {
            seen.load(Ordering::Relaxed).then(|| "nothing heard".to_owned())
        });
        assert_eq!(
            problems(&readiness),
            [("watches", Some("nothing heard".to_owned()))]
        );
        let waiting = tokio::spawn({
            let readiness = readiness.clone();
            async move { readiness.ready().await }
        });
        tokio::task::yield_now().await;
        fails.store(false, Ordering::Relaxed);
        waiting.await.unwrap();
        assert!(readiness.is_ready());
    }
}
