//! The report of an agent, as annotations of its Node.

use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use kinglet_model::{Node, ObjectName};

use super::sums::{Entry, OCTETS, Sums};
use crate::names::{ANNOTATION_REFUSED, ANNOTATION_SERVING};
use crate::port::NodeShare;

/// Longest value of the annotation that names Services, in octets. Whoever needs more is in no state to serve
/// the rest.
const LONGEST: usize = 4096;
/// As a name: all of them.
const ALL: &str = "*";

/// What the kernel of a node has of the node's share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelReport {
    /// The start of the machine that it is of (`/proc/sys/kernel/random/boot_id`): kernels keep no rules over
    /// a restart, but Nodes keep their annotations.
    boot: Arc<str>,
    has: Has,
    refused: Refused,
}

/// What the kernel has.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Has {
    /// Shares with these sums.
    Sums(Vec<u32>),
    /// The whole share, as agents reported it that did not tell Services apart.
    All,
}

/// What it does not have, and will not have soon.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Refused {
    All,
    These(BTreeSet<ObjectName>),
}

impl KernelReport {
    /// What an agent reports: the kernel was given a share, and has it but for what it `refused`.
    pub fn new(boot: &str, share: &NodeShare, refused: &BTreeSet<ObjectName>) -> Self {
        let mut sums = Sums::default();
        // With what was refused: the other Services of its group would never have an equal sum otherwise.
        for (name, ports) in share {
            sums.add(Entry::new(name, ports.iter().copied()));
        }
        Self {
            boot: boot.into(),
            has: Has::Sums(sums.groups().collect()),
            refused: Refused::These(refused.clone()),
        }
    }

    /// What a Node's agent reports; `None` if it does not. A value that cannot be read confirms nothing.
    pub fn of(node: &Node) -> Option<Self> {
        let serving = node.metadata.annotation(ANNOTATION_SERVING)?;
        let refused = node.metadata.annotation(ANNOTATION_REFUSED);
        let mut report = Self::parse(serving, refused.unwrap_or_default());
        let is_of_other_start =
            !node.boot_id.is_empty() && !report.boot.is_empty() && report.boot != node.boot_id;
        if is_of_other_start {
            report.has = Has::Sums(Vec::new());
            report.refused = Refused::All;
        }
        Some(report)
    }

    fn parse(serving: &str, refused: &str) -> Self {
        let (boot, sums) = serving.split_once(' ').unwrap_or(("", serving));
        let octets = STANDARD_NO_PAD.decode(sums).unwrap_or_default();
        let sums = octets.chunks_exact(OCTETS);
        let sums = sums.map(|octets| octets.iter().fold(0, |sum, octet| sum << 8 | u32::from(*octet)));
        let names = refused.split(',').filter_map(|name| name.split_once('/'));
        let names = names.map(|(namespace, name)| ObjectName::new(namespace, name));
        Self {
            boot: boot.into(),
            has: match serving {
                "true" => Has::All,
                _ => Has::Sums(sums.collect()),
            },
            refused: match refused {
                ALL => Refused::All,
                _ => Refused::These(names.collect()),
            },
        }
    }

    /// Whether an annotation is of this start of the machine.
    pub fn is_of(serving: &str, boot: &str) -> bool {
        serving.split_once(' ').is_none_or(|(of, _)| of == boot)
    }

    /// The value of the annotation `kinglet.dev/servicelb-serving`: the start of the machine, and sums.
    pub fn serving(&self) -> String {
        let Has::Sums(sums) = &self.has else {
            return "true".to_owned();
        };
        let octets = sums
            .iter()
            .flat_map(|sum| sum.to_be_bytes().into_iter().skip(4 - OCTETS));
        let octets: Vec<u8> = octets.collect();
        format!("{} {}", self.boot, STANDARD_NO_PAD.encode(octets))
    }

    /// The value of the annotation `kinglet.dev/servicelb-refused`: names, or `*`; none if there are none.
    pub fn refused(&self) -> Option<String> {
        let Refused::These(names) = &self.refused else {
            return Some(ALL.to_owned());
        };
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let text = names.join(",");
        match text.len() {
            0 => None,
            1..=LONGEST => Some(text),
            _ => Some(ALL.to_owned()),
        }
    }

    /// Whether the kernel refused a Service's rules.
    pub(crate) fn refuses(&self, name: &ObjectName) -> bool {
        match &self.refused {
            Refused::All => true,
            Refused::These(names) => names.contains(name),
        }
    }

    /// What is new since a report before: groups with other sums, and Services that were refused or are now.
    /// `None` if the two cannot be compared: any may be.
    pub(crate) fn since(&self, before: &Self) -> Option<(BTreeSet<usize>, BTreeSet<ObjectName>)> {
        let groups = match (&self.has, &before.has) {
            (Has::Sums(now), Has::Sums(before)) if now.len() == before.len() => {
                let pairs = now.iter().zip(before).enumerate();
                let differ = pairs.filter(|(_, (now, before))| now != before);
                differ.map(|(group, _)| group).collect()
            }
            (now, before) if now == before => BTreeSet::new(),
            _ => return None,
        };
        let refused = match (&self.refused, &before.refused) {
            (Refused::These(now), Refused::These(before)) => {
                now.symmetric_difference(before).cloned().collect()
            }
            (now, before) if now == before => BTreeSet::new(),
            _ => return None,
        };
        Some((groups, refused))
    }

    /// How many groups its sums are of.
    pub(crate) fn groups(&self) -> usize {
        match &self.has {
            Has::Sums(sums) => sums.len(),
            Has::All => 1,
        }
    }

    /// Whether the kernel was given all of a group of a share with these sums.
    pub(crate) fn has(&self, share: &Sums, group: usize) -> bool {
        match &self.has {
            Has::All => true,
            Has::Sums(sums) => {
                let sum = sums.get(group % sums.len().max(1));
                sum.is_some_and(|sum| *sum == share.of(group, sums.len()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use kinglet_model::Protocol;
    use proptest::prelude::*;

    use super::*;

    fn share(numbers: std::ops::Range<u16>) -> NodeShare {
        let entry = |number: u16| {
            let name = ObjectName::new("default", format!("web-{number}"));
            (name, [(Protocol::Tcp, number)].into())
        };
        numbers.map(entry).collect()
    }

    fn sums(share: &NodeShare) -> Sums {
        let mut sums = Sums::default();
        for (name, ports) in share {
            sums.add(Entry::new(name, ports.iter().copied()));
        }
        sums
    }

    fn annotated(report: &KernelReport) -> Node {
        let mut node = Node::default();
        let annotations = &mut node.metadata.annotations;
        annotations.insert(ANNOTATION_SERVING.into(), report.serving().into());
        if let Some(refused) = report.refused() {
            annotations.insert(ANNOTATION_REFUSED.into(), refused.into());
        }
        node
    }

    #[test]
    fn a_report_is_short_whatever_is_served() {
        let nobody = BTreeSet::new();
        for (count, longest) in [(1, 6), (100, 34), (5000, 1026), (30_000, 1026)] {
            let share = share(0..count);
            let report = KernelReport::new("b", &share, &nobody);
            assert!(
                report.serving().len() <= longest,
                "{count}: {}",
                report.serving().len()
            );
            assert_eq!(KernelReport::of(&annotated(&report)), Some(report.clone()));
            let sums = sums(&share);
            assert!((0..256).all(|group| report.has(&sums, group)));
        }
        let many = share(0..1000);
        let report = KernelReport::new("b", &many, &many.keys().cloned().collect());
        assert_eq!(report.refused().as_deref(), Some("*"));
        let read = KernelReport::of(&annotated(&report)).unwrap();
        assert!(read.refuses(&ObjectName::new("any", "one")));
    }

    #[test]
    fn only_the_groups_of_a_change_differ() {
        let (before, mut after) = (share(0..5000), share(0..5000));
        let report = KernelReport::new("b", &before, &BTreeSet::new());
        after.extend(share(7000..7001));
        let sums = sums(&after);
        assert_eq!((0..256).filter(|group| !report.has(&sums, *group)).count(), 1);
    }

    #[test]
    fn a_restart_of_the_machine_takes_everything_back() {
        let share = share(0..3);
        let report = KernelReport::new("first", &share, &BTreeSet::new());
        let mut node = annotated(&report);
        let name = ObjectName::new("default", "web-0");
        for (boot, stands) in [("", true), ("first", true), ("second", false)] {
            node.boot_id = boot.into();
            let read = KernelReport::of(&node).unwrap();
            assert_eq!(
                (read.has(&sums(&share), 0), read.refuses(&name)),
                (stands, !stands),
                "{boot}"
            );
        }
    }

    proptest! {
        #[test]
        fn anything_can_be_read(serving in ".{0,60}", refused in ".{0,60}") {
            let report = KernelReport::parse(&serving, &refused);
            report.has(&Sums::default(), 3);
        }
    }
}
