//! When the kernel's rules are compared with what they should be, and how it is told what differs.

use std::collections::BTreeSet;
use std::time::Duration;

use kinglet_nft::Difference;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

/// Most differences that are named.
const NAMED: usize = 10;

/// The times of comparisons, the first one a period from now.
pub(crate) fn times(period: Duration) -> Interval {
    let mut times = interval_at(Instant::now() + period, period);
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    times
}

/// The differences in one line.
pub(crate) fn line(differences: &BTreeSet<Difference>) -> String {
    let mut names: Vec<_> = differences.iter().take(NAMED).map(ToString::to_string).collect();
    let more = differences.len() - names.len();
    if more > 0 {
        names.push(format!("{more} more"));
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_differences_are_one_line() {
        let sets = |count| (0..count).map(|number| Difference::Set(format!("s{number}")));
        let lines = [1, 10, 11].map(|count| line(&sets(count).collect()));
        assert_eq!(lines[0], "set s0");
        assert!(lines[1].ends_with(", set s9"), "{}", lines[1]);
        assert!(lines[2].ends_with(", set s8, 1 more"), "{}", lines[2]);
    }
}
