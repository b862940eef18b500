//! A hash table whose copies are cheap and share what did not change.

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Number of shards. A change copies one shard and the list of shards, so that its cost hardly depends on the
/// number of entries.
const SHARDS: usize = 1024;

/// An entry that contains its own key.
pub(crate) trait Keyed {
    /// The key.
    type Key: Hash + Eq + ?Sized;

    /// The entry's key.
    fn key(&self) -> &Self::Key;
}

impl<T: Keyed> Keyed for Arc<T> {
    type Key = T::Key;

    fn key(&self) -> &Self::Key {
        T::key(self)
    }
}

/// Entries by key, spread over shards that are copied on write.
#[derive(Clone)]
pub(crate) struct Table<T> {
    shards: Arc<Vec<Arc<HashTable<T>>>>,
    hasher: DefaultHashBuilder,
    len: usize,
}

impl<T: Keyed + Clone> Table<T> {
    /// An empty table.
    pub(crate) fn new() -> Self {
        // One empty shard stands for all until they are written to.
        let empty = Arc::new(HashTable::new());
        Self {
            shards: Arc::new(vec![empty; SHARDS]),
            hasher: DefaultHashBuilder::default(),
            len: 0,
        }
    }

    /// Number of entries.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The entry with this key.
    pub(crate) fn get(&self, key: &T::Key) -> Option<&T> {
        let hash = self.hasher.hash_one(key);
        self.shards
            .get(shard(hash))?
            .find(hash, |entry| entry.key() == key)
    }

    /// Puts an entry in, in place of the one with the same key.
    pub(crate) fn insert(&mut self, entry: T) {
        let hash = self.hasher.hash_one(entry.key());
        let hasher = self.hasher.clone();
        // Both are copied only if a snapshot still holds them: a burst of changes copies a shard once.
        let Some(shard) = Arc::make_mut(&mut self.shards).get_mut(shard(hash)) else {
            return;
        };
        let shard = Arc::make_mut(shard);
        match shard.find_mut(hash, |old| old.key() == entry.key()) {
            Some(old) => *old = entry,
            None => {
                shard.insert_unique(hash, entry, |entry| hasher.hash_one(entry.key()));
                self.len += 1;
            }
        }
    }

    /// Takes an entry out.
    pub(crate) fn remove(&mut self, key: &T::Key) -> Option<T> {
        // A key that is not there must not make a copy.
        self.get(key)?;
        let hash = self.hasher.hash_one(key);
        let shard = Arc::make_mut(&mut self.shards).get_mut(shard(hash))?;
        let entry = Arc::make_mut(shard)
            .find_entry(hash, |entry| entry.key() == key)
            .ok()?;
        self.len -= 1;
        Some(entry.remove().0)
    }
}

/// The shard of a hash: bits from the middle, because the table inside the shard uses both ends.
fn shard(hash: u64) -> usize {
    (hash >> 32) as usize % SHARDS
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Keyed for (u32, u32) {
        type Key = u32;

        fn key(&self) -> &u32 {
            &self.0
        }
    }

    #[test]
    fn a_copy_keeps_its_entries() {
        let mut table = Table::new();
        for key in 0..5_000 {
            table.insert((key, 1));
        }
        let copy = table.clone();
        table.insert((7, 2));
        assert_eq!(table.remove(&8), Some((8, 1)));
        assert_eq!(table.remove(&8), None);
        assert_eq!(
            (copy.get(&7), copy.get(&8), copy.len()),
            (Some(&(7, 1)), Some(&(8, 1)), 5_000)
        );
        assert_eq!(
            (table.get(&7), table.get(&8), table.len()),
            (Some(&(7, 2)), None, 4_999)
        );
    }

    #[test]
    fn a_change_copies_one_shard() {
        let mut table = Table::new();
        for key in 0..5_000 {
            table.insert((key, 1));
        }
        let copy = table.clone();
        table.insert((7, 2));
        let same = |(old, new): (&Arc<_>, &Arc<_>)| Arc::ptr_eq(old, new);
        let shared = copy
            .shards
            .iter()
            .zip(table.shards.iter())
            .filter(|&pair| same(pair))
            .count();
        assert_eq!(shared, SHARDS - 1);
    }
}
