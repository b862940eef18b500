//! What is to be done later.

use std::time::Duration;

use kinglet_policy::Effect;
use tokio::time::Instant;

use crate::enforcer::Scope;

/// Between two sweeps, and between an element and the chain that it led to: kernels before 6.2 cannot delete both at once.
const SWEEP: Duration = Duration::from_secs(1);
/// Between two looks at all tracked connections.
const LOOK: Duration = Duration::from_millis(250);

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Sweep,
    Judge(Scope),
}

/// What is to be done later, and when.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    sweep: Option<Instant>,
    judge: Option<(Instant, Scope)>,
    /// The connections are looked at once more: a packet that was on its way may have begun one after the first look.
    again: bool,
    looked: Option<Instant>,
}

impl Agenda {
    /// After a commit.
    pub(crate) fn committed(&mut self, effect: Effect, has_idle: bool, any_revoked: bool) {
        let now = Instant::now();
        if has_idle {
            self.sweep.get_or_insert(now + SWEEP);
        }
        if effect.restricts {
            self.again = true;
            self.look(Scope::All, now);
        } else if effect.relaxes && any_revoked {
            self.look(Scope::Revoked, now);
        }
    }

    fn look(&mut self, scope: Scope, now: Instant) {
        let earliest = self.looked.map_or(now, |last| now.max(last + LOOK));
        let (at, before) = self.judge.unwrap_or((earliest, scope));
        self.judge = Some((at.min(earliest), before.max(scope)));
    }

    /// After a look that failed.
    pub(crate) fn retry(&mut self, scope: Scope) {
        self.look(scope, Instant::now() + SWEEP);
    }

    /// Waits for the next task and takes it from the agenda.
    pub(crate) async fn next(&mut self) -> Task {
        let judge = self.judge.map(|(at, _)| at);
        let Some(at) = [self.sweep, judge].into_iter().flatten().min() else {
            return std::future::pending().await;
        };
        tokio::time::sleep_until(at).await;
        self.take(at)
    }

    fn take(&mut self, at: Instant) -> Task {
        match self.judge {
            Some((when, scope)) if when <= at => {
                self.judge = None;
                self.looked = Some(Instant::now());
                if scope == Scope::All && std::mem::take(&mut self.again) {
                    self.look(Scope::All, Instant::now());
                }
                Task::Judge(scope)
            }
            _ => {
                self.sweep = None;
                Task::Sweep
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESTRICTS: Effect = Effect {
        restricts: true,
        relaxes: false,
    };
    const RELAXES: Effect = Effect {
        restricts: false,
        relaxes: true,
    };

    #[tokio::test(start_paused = true)]
    async fn connections_are_looked_at_twice_after_something_was_forbidden() {
        let mut agenda = Agenda::default();
        let start = Instant::now();
        agenda.committed(RESTRICTS, false, false);
        assert_eq!(agenda.next().await, Task::Judge(Scope::All));
        assert_eq!(start.elapsed(), Duration::ZERO);
        // A burst costs no more.
        agenda.committed(RESTRICTS, false, false);
        agenda.committed(RELAXES, false, true);
        assert_eq!(agenda.next().await, Task::Judge(Scope::All));
        assert_eq!(start.elapsed(), LOOK);
        assert_eq!(agenda.next().await, Task::Judge(Scope::All));
        assert_eq!(start.elapsed(), LOOK * 2);
        assert_eq!(agenda.judge, None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_allowed_concerns_revoked_connections_only() {
        let mut agenda = Agenda::default();
        agenda.committed(RELAXES, false, false);
        assert_eq!(agenda.judge, None);
        agenda.committed(RELAXES, true, true);
        assert_eq!(agenda.next().await, Task::Judge(Scope::Revoked));
        assert_eq!(agenda.next().await, Task::Sweep);
        assert_eq!((agenda.judge, agenda.sweep), (None, None));
    }
}
