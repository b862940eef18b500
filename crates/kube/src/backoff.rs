//! Growing pauses between attempts.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(30);

/// Pauses that double from 100 ms to 30 s until something succeeds.
#[derive(Debug)]
pub struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

impl Backoff {
    /// The next pause is the shortest.
    pub fn new() -> Self {
        Self { next: FIRST }
    }

    /// The next pause begins at the shortest again.
    pub fn reset(&mut self) {
        self.next = FIRST;
    }

    /// The pause before the next attempt.
    pub fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(LONGEST);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_longest_and_starts_again() {
        let mut backoff = Backoff::new();
        let pauses: Vec<Duration> = (0..12).map(|_| backoff.pause()).collect();
        assert!(
            pauses
                .windows(2)
                .all(|pair| pair[1] == (pair[0] * 2).min(LONGEST))
        );
        assert_eq!(pauses[11], LONGEST);
        backoff.reset();
        assert_eq!(backoff.pause(), FIRST);
    }
}
