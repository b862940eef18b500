//! When the kernel's rules are compared with what they should be, and which differences are reported.

use std::collections::BTreeSet;
use std::time::Duration;

use kinglet_nft::Difference;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

/// Most differences that are named.
const NAMED: usize = 10;

/// When the kernel's rules are compared with what they should be, and what of the differences is news.
pub(crate) struct Comparisons {
    times: Option<Interval>,
    /// What differs just after rules were replaced: this kernel lists it differently from how it was written.
    ignored: BTreeSet<Difference>,
}

impl Comparisons {
    /// The first one is a period from now; none without a period.
    pub(crate) fn every(period: Option<Duration>) -> Self {
        let times = period.map(|period| {
            // Not at once: the rules have just been written.
            let mut times = interval_at(Instant::now() + period, period);
            // After a pause of the machine one comparison is enough.
            times.set_missed_tick_behavior(MissedTickBehavior::Delay);
            times
        });
        Self {
            times,
            ignored: BTreeSet::new(),
        }
    }

    /// Waits for the next one; for ever if there are none.
    pub(crate) async fn due(&mut self) {
        match &mut self.times {
            Some(times) => _ = times.tick().await,
            None => std::future::pending().await,
        }
    }

    /// The differences that a replacement of the rules may repair, in one line.
    pub(crate) fn news(&self, found: &BTreeSet<Difference>) -> Option<String> {
        let news: BTreeSet<_> = found.difference(&self.ignored).cloned().collect();
        (!news.is_empty()).then(|| line(&news))
    }

    /// Takes what differs just after rules were replaced.
    pub(crate) fn settle(&mut self, found: BTreeSet<Difference>) {
        if !found.is_empty() {
            let which = line(&found);
            tracing::warn!(
                "network policy: this kernel lists rules differently from how they were written ({which}); such differences are ignored"
            );
        }
        self.ignored = found;
    }
}

/// The differences in one line.
fn line(differences: &BTreeSet<Difference>) -> String {
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

    #[tokio::test]
    async fn what_a_replacement_does_not_repair_is_no_news() {
        let sets = |names: &[&str]| {
            names
                .iter()
                .map(|name| Difference::Set((*name).to_owned()))
                .collect()
        };
        let mut comparisons = Comparisons::every(Some(Duration::from_secs(1)));
        assert_eq!(comparisons.news(&sets(&[])), None);
        assert_eq!(
            comparisons.news(&sets(&["a", "b"])),
            Some("set a, set b".to_owned())
        );
        comparisons.settle(sets(&["a"]));
        assert_eq!(comparisons.news(&sets(&["a"])), None);
        assert_eq!(comparisons.news(&sets(&["a", "b"])), Some("set b".to_owned()));
        comparisons.settle(sets(&[]));
        assert_eq!(comparisons.news(&sets(&["a"])), Some("set a".to_owned()));
    }

    #[test]
    fn many_differences_are_one_line() {
        let sets = |count| (0..count).map(|number| Difference::Set(format!("s{number}")));
        let lines = [1, 10, 11].map(|count| line(&sets(count).collect()));
        assert_eq!(lines[0], "set s0");
        assert!(lines[1].ends_with(", set s9"), "{}", lines[1]);
        assert!(lines[2].ends_with(", set s8, 1 more"), "{}", lines[2]);
    }
}
