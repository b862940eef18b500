//! What is left of a lab that has ended, or was killed.

use std::fs::File;

use nix::fcntl::Flock;

use crate::error::LabError;
use crate::registry::Entry;
use crate::settings::LabSettings;

/// Removes namespaces and directory when it is dropped, then lets the name go.
pub(super) struct Remains {
    pub(super) entry: Entry,
    _lock: Flock<File>,
}

impl Drop for Remains {
    fn drop(&mut self) {
        if let Err(error) = self.entry.remove() {
            tracing::warn!(%error, "not everything of the lab could be removed");
        }
    }
}

impl Remains {
    /// Takes the lab's name and removes what a killed lab of that name left.
    pub(super) fn claim(settings: &LabSettings) -> Result<Self, LabError> {
        let entry = Entry::of(&settings.state_root, &settings.name);
        // Refuses where such a lab runs. The lock file goes with the directory, so it is taken again.
        drop(entry.lock()?);
        entry.remove()?;
        let lock = entry.lock()?;
        Ok(Self { entry, _lock: lock })
    }
}
