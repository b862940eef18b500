//! Names that depend on nothing but content: after a restart, and after a change and back, profiles and sets
//! have the names that the kernel already knows.

use std::fmt;

use sha2::{Digest, Sha256};

/// 64 bits that stand for content; a collision would take billions of profiles.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Id(u64);

impl Id {
    /// The identifier of a text that describes the content completely.
    pub(crate) fn of(content: &str) -> Self {
        // Not the hash of the standard library: that may change with the compiler.
        let digest = Sha256::digest(content);
        let first = digest.first_chunk().copied();
        Self(u64::from_be_bytes(first.unwrap_or_default()))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_the_same_from_version_to_version() {
        assert_eq!(Id::of("").to_string(), "e3b0c44298fc1c14");
    }
}
