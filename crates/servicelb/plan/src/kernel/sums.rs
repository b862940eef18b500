//! Sums over parts of a share.

use std::collections::BTreeSet;

use kinglet_model::{ObjectName, Protocol};

/// Most sums of a report. At 5,000 Services each is of 20.
pub(crate) const GROUPS: usize = 256;
/// How many Services share a sum where there are fewer.
const EACH: usize = 16;
/// Octets of a sum. Two shares that differ have the same one once in 16 million times.
pub(super) const OCTETS: usize = 3;
const MASK: u32 = (1 << (8 * OCTETS)) - 1;

/// A Service with the ports that a node serves of it, as a number that servers and agents of all builds
/// compute alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry(u64);

impl Entry {
    pub(crate) fn new(name: &ObjectName, ports: impl Iterator<Item = (Protocol, u16)>) -> Self {
        let mut hash = Fnv::default();
        hash.write(name.namespace.as_bytes());
        // No name has one, so that no two pairs of names are written alike.
        hash.write(b"/");
        hash.write(name.name.as_bytes());
        let ports: BTreeSet<(Protocol, u16)> = ports.collect();
        for (protocol, number) in ports {
            hash.write(protocol.as_lower().as_bytes());
            hash.write(&number.to_be_bytes());
        }
        Self(hash.finish())
    }

    /// Its group where there are [`GROUPS`] of them.
    pub(crate) fn group(self) -> usize {
        // The lowest octet.
        usize::from(self.0.to_le_bytes()[0])
    }

    fn value(self) -> u32 {
        // Not of the octet that chose the group: that is the same for all of a group.
        u32::try_from(self.0 >> 32).unwrap_or_default() & MASK
    }
}

/// Fowler, Noll and Vo's hash of 64 bits (FNV-1a, RFC 9923), with the last step of MurmurHash3: its lowest
/// octet alone is too regular to choose groups by.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn write(&mut self, octets: &[u8]) {
        for octet in octets {
            self.0 = (self.0 ^ u64::from(*octet)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn finish(self) -> u64 {
        let mut hash = self.0;
        for factor in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
            hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
        }
        hash ^ (hash >> 33)
    }
}

/// Sums of entries by group. Addition and not exclusion: entries can be taken off again, and groups put
/// together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sums {
    sums: Vec<u32>,
    count: usize,
}

impl Default for Sums {
    fn default() -> Self {
        Self {
            sums: vec![0; GROUPS],
            count: 0,
        }
    }
}

impl Sums {
    pub(crate) fn add(&mut self, entry: Entry) {
        self.count += 1;
        if let Some(sum) = self.sums.get_mut(entry.group()) {
            *sum = sum.wrapping_add(entry.value()) & MASK;
        }
    }

    pub(crate) fn remove(&mut self, entry: Entry) {
        self.count = self.count.saturating_sub(1);
        if let Some(sum) = self.sums.get_mut(entry.group()) {
            *sum = sum.wrapping_sub(entry.value()) & MASK;
        }
    }

    /// The sum of a group, where there are only `groups` of them: of all those with the same remainder.
    pub(crate) fn of(&self, group: usize, groups: usize) -> u32 {
        let parts = self.sums.iter().skip(group % groups).step_by(groups);
        parts.fold(0, |sum, part| sum.wrapping_add(*part) & MASK)
    }

    /// In as many groups as its size asks for.
    pub(super) fn groups(&self) -> impl Iterator<Item = u32> {
        let groups = (self.count / EACH).next_power_of_two().min(GROUPS);
        (0..groups).map(move |group| self.of(group, groups))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(number: u16) -> Entry {
        let ports = [(Protocol::Tcp, number), (Protocol::Udp, number)];
        Entry::new(&ObjectName::new("default", "web"), ports.into_iter())
    }

    #[test]
    fn entries_are_the_same_for_ever() {
        let web = ObjectName::new("default", "web");
        let entry = Entry::new(&web, [(Protocol::Tcp, 80)].into_iter());
        assert_eq!(entry.0, ENTRY, "{:#x}", entry.0);
        let groups: BTreeSet<usize> = (0..4000).map(|number| self::entry(number).group()).collect();
        assert_eq!(groups.len(), GROUPS);
    }

    /// Servers and agents of other versions have this one.
    const ENTRY: u64 = 0xeef5_1784_d2a4_5d94;

    proptest! {
        #[test]
        fn what_is_taken_off_leaves_nothing(numbers in prop::collection::btree_set(any::<u16>(), 0..60), shift in 0..9u32) {
            let (mut some, mut all) = (Sums::default(), Sums::default());
            for number in &numbers {
                all.add(entry(*number));
            }
            for number in numbers.iter().rev().filter(|number| **number % 2 == 0) {
                some.add(entry(*number));
            }
            for number in numbers.iter().filter(|number| **number % 2 == 1) {
                all.remove(entry(*number));
            }
            prop_assert_eq!(&all, &some);
            let groups = 1 << shift;
            let total = (0..groups).fold(0, |sum: u32, group| sum.wrapping_add(all.of(group, groups)) & MASK);
            prop_assert_eq!(total, some.of(0, 1));
        }
    }
}
