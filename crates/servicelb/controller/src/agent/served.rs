//! What the kernel serves, as it is reported.

use std::collections::BTreeSet;
use std::sync::Arc;

use kinglet_model::ObjectName;
use kinglet_servicelb_plan::{KernelReport, NodeShare};

use super::annotation::Report;

/// A share that the kernel was given, and the Services of it that it does not have: their rules were refused,
/// or there are none for them.
pub type Served = (Arc<NodeShare>, Arc<BTreeSet<ObjectName>>);

/// What the kernel is known to serve.
#[derive(Debug, Default)]
pub(super) struct KernelState {
    /// Which start of the machine this is.
    pub(super) boot: String,
    /// Nothing until the kernel was asked.
    report: Option<KernelReport>,
}

impl KernelState {
    /// Takes what the kernel has now; whether that is something else.
    pub(super) fn take(&mut self, served: Option<&Served>) -> bool {
        let report = served.map(|(share, refused)| KernelReport::new(&self.boot, share, refused));
        let differs = report != self.report;
        self.report = report;
        differs
    }

    /// Adds it to a report.
    pub(super) fn tell(&self, present: &Report, report: &mut Report) {
        if let Some(known) = &self.report {
            report.serving = Some(known.serving());
            report.refused = known.refused();
            return;
        }
        // What an earlier run wrote still holds: its rules stay in the kernel until new ones come. Those of
        // an earlier start of the machine do not.
        let stands = |serving: &&String| KernelReport::is_of(serving, &self.boot);
        report.serving = present.serving.as_ref().filter(stands).cloned();
        report.refused = present.refused.clone().filter(|_| report.serving.is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_run_counts_until_the_machine_starts_again() {
        let earlier = Report {
            serving: Some("first AAAA".to_owned()),
            refused: Some("default/web".to_owned()),
            ..Report::default()
        };
        for (boot, stands) in [("first", true), ("second", false)] {
            let mut state = KernelState {
                boot: boot.to_owned(),
                ..KernelState::default()
            };
            let mut report = Report::default();
            state.tell(&earlier, &mut report);
            let expected = if stands {
                earlier.clone()
            } else {
                Report::default()
            };
            assert_eq!(report, expected);
            assert!(state.take(Some(&Served::default())));
            assert!(!state.take(Some(&Served::default())));
            state.tell(&earlier, &mut report);
            assert_eq!(
                (report.serving, report.refused),
                (Some(format!("{boot} AAAA")), None)
            );
        }
    }
}
