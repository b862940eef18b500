//! The demo's data directory.

use std::fs::{self, File, Permissions, TryLockError};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;
use tracing::debug;

/// How the names of temporary directories begin.
const PREFIX: &str = "kinglet-demo-";
/// The file in a temporary directory that its process keeps locked.
const LOCK: &str = "lock";

/// The user's directory, or a temporary one that goes with the process.
pub(super) struct Directory {
    path: PathBuf,
    /// Removes the directory when it is dropped; the lock says that it is in use.
    _temporary: Option<(TempDir, File)>,
}

impl Directory {
    /// The chosen directory, or a new temporary one. Those of demos that were killed are removed.
    pub(super) fn new(chosen: Option<PathBuf>) -> Result<Self> {
        if let Some(path) = chosen {
            fs::create_dir_all(&path).with_context(|| format!("--data-dir {}", path.display()))?;
            return Ok(Self {
                path,
                _temporary: None,
            });
        }
        let parent = std::env::temp_dir();
        remove_abandoned(&parent);
        Self::temporary_in(&parent)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn temporary_in(parent: &Path) -> Result<Self> {
        let failed = || format!("cannot make a temporary directory in {}", parent.display());
        // A random name that must not exist yet, with mode 0700: whoever else may write to the parent can
        // neither prepare the directory nor read the credentials in it.
        let temporary = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(parent)
            .with_context(failed)?;
        let path = temporary.path().to_owned();
        let lock = File::create(path.join(LOCK)).with_context(failed)?;
        lock.lock().with_context(failed)?;
        Ok(Self {
            path,
            _temporary: Some((temporary, lock)),
        })
    }
}

/// Removes temporary directories whose process was killed. What cannot be removed harms nobody.
fn remove_abandoned(parent: &Path) {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let ours = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    for path in ours.map(|entry| entry.path()).filter(|path| is_abandoned(path)) {
        if let Err(error) = fs::remove_dir_all(&path) {
            debug!(path = %path.display(), %error, "cannot remove the directory of an earlier demo");
        }
    }
}

/// Whether a directory is this user's own and its process is gone.
fn is_abandoned(path: &Path) -> bool {
    // Not through a link: somebody else could point it at a directory of ours.
    let Ok(found) = fs::symlink_metadata(path) else {
        return false;
    };
    if !found.is_dir() || found.uid() != nix::unistd::geteuid().as_raw() {
        return false;
    }
    // Without the file it is not a directory of this kind, or one that is just being made.
    let Ok(lock) = File::open(path.join(LOCK)) else {
        return false;
    };
    !matches!(lock.try_lock(), Err(TryLockError::WouldBlock))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_user_may_enter_and_it_goes_with_the_process() {
        let parent = tempfile::tempdir().unwrap();
        let directory = Directory::temporary_in(parent.path()).unwrap();
        let path = directory.path().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        drop(directory);
        assert!(!path.exists());
    }

    #[test]
    fn what_a_killed_demo_left_is_removed_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let at = |name: &str| parent.path().join(name);
        let running = Directory::temporary_in(parent.path()).unwrap();
        for name in ["kinglet-demo-killed", "kinglet-demo-no-lock", "other"] {
            fs::create_dir(at(name)).unwrap();
        }
        for name in ["kinglet-demo-killed", "other"] {
            File::create(at(name).join(LOCK)).unwrap();
        }
        std::os::unix::fs::symlink(at("other"), at("kinglet-demo-link")).unwrap();
        remove_abandoned(parent.path());
        assert!(!at("kinglet-demo-killed").exists());
        for stays in ["kinglet-demo-no-lock", "other", "kinglet-demo-link"] {
            assert!(at(stays).exists(), "{stays}");
        }
        assert!(running.path().exists());
    }
}
