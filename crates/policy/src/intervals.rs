//! Sets of numbers as disjoint intervals that do not touch.

use std::fmt::Debug;

/// A number with neighbours.
pub(crate) trait Point: Copy + Ord + Debug {
    fn next(self) -> Option<Self>;
    fn previous(self) -> Option<Self>;
}

macro_rules! point {
    ($($number:ty),*) => {$(
        impl Point for $number {
            fn next(self) -> Option<Self> {
                self.checked_add(1)
            }
            fn previous(self) -> Option<Self> {
                self.checked_sub(1)
            }
        }
    )*};
}

point!(u16, u32, u128);

/// A set of numbers. Equal sets are equal values.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Intervals<T>(Vec<(T, T)>);

impl<T> Default for Intervals<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Point> Intervals<T> {
    /// All numbers from `first` to `last`, both included.
    pub(crate) fn of(first: T, last: T) -> Self {
        Self(if first <= last {
            vec![(first, last)]
        } else {
            Vec::new()
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The intervals, in order, both ends included.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (T, T)> + '_ {
        self.0.iter().copied()
    }

    pub(crate) fn contains(&self, number: T) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= number);
        let before = after.checked_sub(1).and_then(|index| self.0.get(index));
        before.is_some_and(|(_, last)| number <= *last)
    }

    /// Adds all numbers of another set.
    pub(crate) fn add(&mut self, other: &Self) {
        self.add_all([other]);
    }

    /// Adds all numbers of other sets.
    pub(crate) fn add_all<'a>(&mut self, others: impl IntoIterator<Item = &'a Self>)
    where
        T: 'a,
    {
        self.0.extend(others.into_iter().flat_map(|other| &other.0));
        // By their first number, so that only neighbours can overlap or touch.
        self.0.sort_unstable();
        let mut merged: Vec<(T, T)> = Vec::with_capacity(self.0.len());
        for (first, last) in self.0.drain(..) {
            match merged.last_mut() {
                Some((_, end)) if end.next().is_none_or(|next| first <= next) => *end = last.max(*end),
                _ => merged.push((first, last)),
            }
        }
        self.0 = merged;
    }

    /// Takes all numbers of another set away.
    pub(crate) fn subtract(&mut self, other: &Self) {
        let mut left = Vec::with_capacity(self.0.len() + other.0.len());
        let mut cuts = other.0.iter().copied().peekable();
        for &(first, last) in &self.0 {
            let mut rest = Some(first);
            // A cut that ends before this interval ends before all later ones: both lists are sorted.
            while cuts.next_if(|(_, cut_last)| *cut_last < first).is_some() {}
            while let Some(start) = rest
                && let Some(&(cut_first, cut_last)) = cuts.peek()
                && cut_first <= last
            {
                if let Some(end) = cut_first.previous().filter(|end| start <= *end) {
                    left.push((start, end));
                }
                rest = cut_last.next().filter(|next| *next <= last);
                // A cut that reaches beyond this interval may cut the next one, too.
                if rest.is_some() {
                    cuts.next();
                }
            }
            left.extend(rest.map(|start| (start, last)));
        }
        self.0 = left;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A number out of a few, at both ends of the type.
    fn number() -> impl Strategy<Value = u16> {
        prop_oneof![0_u16..12, (u16::MAX - 12)..=u16::MAX]
    }

    fn pairs() -> impl Strategy<Value = Vec<(u16, u16)>> {
        prop::collection::vec((number(), number()), 0..6)
    }

    fn set(pairs: &[(u16, u16)]) -> Intervals<u16> {
        let mut set = Intervals::default();
        pairs
            .iter()
            .for_each(|(first, last)| set.add(&Intervals::of(*first, *last)));
        set
    }

    proptest! {
        #[test]
        fn they_are_sets(one in pairs(), other in pairs()) {
            let within = |pairs: &[(u16, u16)], number| pairs.iter().any(|(first, last)| (*first..=*last).contains(&number));
            let (mut less, other_set) = (set(&one), set(&other));
            less.subtract(&other_set);
            for number in (0..14).chain(u16::MAX - 14..=u16::MAX) {
                prop_assert_eq!(set(&one).contains(number), within(&one, number));
                prop_assert_eq!(less.contains(number), within(&one, number) && !within(&other, number));
            }
            let separate = |set: &Intervals<u16>| set.0.windows(2).all(|two| two[0].1.next().is_some_and(|next| next < two[1].0));
            prop_assert!(separate(&less) && separate(&set(&one)));
        }
    }
}
