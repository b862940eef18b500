//! Which Events are written, counted up or dropped, as client-go's recorder does it: users of `kubectl`
//! expect one line for what repeats, and an API server expects that a loop does not fill it.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

use super::report::{ObjectReference, Report, Severity};

/// Reports of one object that differ in nothing but their text within [`SIMILAR_WINDOW`]; more become one.
const SIMILAR: usize = 10;
/// The time within which similar reports are counted.
const SIMILAR_WINDOW: Duration = Duration::from_secs(600);
/// Events about one object that may be written at once.
const BURST: f64 = 25.0;
/// Time until one more may be.
const REFILL: Duration = Duration::from_secs(300);
/// Entries of each memory; the one that was used least recently makes room.
const ENTRIES: usize = 4096;

/// What is to be done with a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Write a new Event with this text.
    Create(String),
    /// Count up the Event of this name.
    Count { name: String, count: u32, note: String },
    /// Write nothing.
    Drop,
}

/// The memory of what was reported.
#[derive(Debug, Default)]
pub(super) struct Correlator {
    written: HashMap<Report, Used<Written>>,
    similar: HashMap<Kind, Used<Vec<(String, Instant)>>>,
    budgets: HashMap<ObjectReference, Used<f64>>,
}

/// A report without its text.
type Kind = (ObjectReference, Severity, &'static str);

#[derive(Debug)]
struct Used<T> {
    value: T,
    last: Instant,
}

#[derive(Debug)]
struct Written {
    name: String,
    count: u32,
}

impl Correlator {
    /// Decides on a report, whose text becomes what it is remembered by. Whoever creates an Event tells its
    /// name by [`created`](Correlator::created).
    pub(super) fn decide(&mut self, report: &mut Report, now: Instant) -> Decision {
        let note = self.combine(report, now);
        // After combining, as in client-go: what is dropped counts as similar all the same.
        if !self.affords(&report.regarding, now) {
            return Decision::Drop;
        }
        let Some(known) = self.written.get_mut(report) else {
            return Decision::Create(note);
        };
        known.last = now;
        known.value.count += 1;
        Decision::Count {
            name: known.value.name.clone(),
            count: known.value.count,
            note,
        }
    }

    /// An Event was created for a report.
    pub(super) fn created(&mut self, report: Report, name: String, now: Instant) {
        make_room(&mut self.written);
        let value = Written { name, count: 1 };
        self.written.insert(report, Used { value, last: now });
    }

    /// The Event of a report is gone: the next report makes another.
    pub(super) fn forget(&mut self, report: &Report) {
        self.written.remove(report);
    }

    /// Many texts about the same thing become one Event; answers its text, which is the newest.
    fn combine(&mut self, report: &mut Report, now: Instant) -> String {
        let kind = (report.regarding.clone(), report.severity, report.reason);
        if !self.similar.contains_key(&kind) {
            make_room(&mut self.similar);
        }
        let notes = self.similar.entry(kind).or_insert_with(|| Used {
            value: Vec::new(),
            last: now,
        });
        notes.last = now;
        notes
            .value
            .retain(|(_, at)| now.duration_since(*at) < SIMILAR_WINDOW);
        if let Some((_, at)) = notes.value.iter_mut().find(|(note, _)| *note == report.note) {
            *at = now;
            return report.note.clone();
        }
        if notes.value.len() < SIMILAR {
            notes.value.push((report.note.clone(), now));
            return report.note.clone();
        }
        let newest = std::mem::replace(&mut report.note, COMBINED.to_owned());
        format!("{COMBINED}: {newest}")
    }

    /// A token bucket for each object.
    fn affords(&mut self, object: &ObjectReference, now: Instant) -> bool {
        if !self.budgets.contains_key(object) {
            make_room(&mut self.budgets);
        }
        let budget = self.budgets.entry(object.clone()).or_insert(Used {
            value: BURST,
            last: now,
        });
        let refilled = now.duration_since(budget.last).as_secs_f64() / REFILL.as_secs_f64();
        budget.value = (budget.value + refilled).min(BURST);
        budget.last = now;
        let affords = budget.value >= 1.0;
        if affords {
            budget.value -= 1.0;
        }
        affords
    }
}

/// How the text of an Event begins that stands for many, and what they are remembered by.
const COMBINED: &str = "(combined from similar events)";

fn make_room<K: Clone + Eq + Hash, V>(memory: &mut HashMap<K, Used<V>>) {
    if memory.len() < ENTRIES {
        return;
    }
    let oldest = memory.iter().min_by_key(|(_, used)| used.last);
    if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
        memory.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use kinglet_model::ObjectName;

    use super::*;

    fn report(name: &str, note: &str) -> Report {
        Report {
            regarding: ObjectReference {
                api_version: "v1".to_owned(),
                kind: "Service".to_owned(),
                name: ObjectName::new("shop", name),
                uid: "u".to_owned(),
            },
            severity: Severity::Warning,
            reason: "Bad",
            action: "Checking",
            note: note.to_owned(),
        }
    }

    /// Decides, and notes what was created.
    fn tell(correlator: &mut Correlator, name: &str, note: &str, now: Instant) -> Decision {
        let mut one = report(name, note);
        let decision = correlator.decide(&mut one, now);
        if let Decision::Create(_) = decision {
            let event = format!("{name}/{}", one.note);
            correlator.created(one, event, now);
        }
        decision
    }

    fn counted(name: &str, count: u32, note: &str) -> Decision {
        Decision::Count {
            name: name.to_owned(),
            count,
            note: note.to_owned(),
        }
    }

    #[test]
    fn what_repeats_is_counted_and_what_is_gone_begins_again() {
        let (mut correlator, now) = (Correlator::default(), Instant::now());
        assert_eq!(
            tell(&mut correlator, "web", "a", now),
            Decision::Create("a".to_owned())
        );
        assert_eq!(tell(&mut correlator, "web", "a", now), counted("web/a", 2, "a"));
        assert_eq!(
            tell(&mut correlator, "web", "b", now),
            Decision::Create("b".to_owned())
        );
        assert_eq!(tell(&mut correlator, "web", "a", now), counted("web/a", 3, "a"));
        correlator.forget(&report("web", "a"));
        assert_eq!(
            tell(&mut correlator, "web", "a", now),
            Decision::Create("a".to_owned())
        );
    }

    #[test]
    fn many_texts_about_one_thing_become_one_event() {
        let (mut correlator, now) = (Correlator::default(), Instant::now());
        for number in 0..10 {
            let note = number.to_string();
            assert_eq!(tell(&mut correlator, "web", &note, now), Decision::Create(note));
        }
        let combined = Decision::Create(format!("{COMBINED}: x"));
        assert_eq!(tell(&mut correlator, "web", "x", now), combined);
        let event = format!("web/{COMBINED}");
        assert_eq!(
            tell(&mut correlator, "web", "y", now),
            counted(&event, 2, &format!("{COMBINED}: y"))
        );
        assert_eq!(tell(&mut correlator, "web", "3", now), counted("web/3", 2, "3"));
        let later = now + SIMILAR_WINDOW;
        assert_eq!(
            tell(&mut correlator, "web", "z", later),
            Decision::Create("z".to_owned())
        );
    }

    #[test]
    fn a_loop_is_slowed_down_and_others_are_not() {
        let (mut correlator, now) = (Correlator::default(), Instant::now());
        for _ in 0..25 {
            assert_ne!(tell(&mut correlator, "loop", "a", now), Decision::Drop);
        }
        assert_eq!(tell(&mut correlator, "loop", "a", now), Decision::Drop);
        assert_ne!(tell(&mut correlator, "web", "a", now), Decision::Drop);
        let later = now + REFILL;
        assert_eq!(
            tell(&mut correlator, "loop", "a", later),
            counted("loop/a", 26, "a")
        );
        assert_eq!(tell(&mut correlator, "loop", "a", later), Decision::Drop);
    }

    #[test]
    fn memory_is_bounded() {
        let (mut correlator, now) = (Correlator::default(), Instant::now());
        for number in 0..ENTRIES as u64 + 100 {
            let at = now + Duration::from_secs(number);
            tell(&mut correlator, &number.to_string(), "a", at);
        }
        assert_eq!(correlator.written.len(), ENTRIES);
        assert_eq!(correlator.similar.len(), ENTRIES);
        assert_eq!(correlator.budgets.len(), ENTRIES);
        let last = ENTRIES + 99;
        let at = now + Duration::from_secs(9_000);
        let again = tell(&mut correlator, &last.to_string(), "a", at);
        assert_eq!(again, counted(&format!("{last}/a"), 2, "a"));
    }
}
