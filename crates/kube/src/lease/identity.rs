//! The identity of a candidate: one process' alone, and where that is safe the same after a restart.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;

use tracing::debug;
use uuid::Uuid;

/// An identity among all candidates.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) name: String,
    /// Locked for as long as this is alive. The kernel takes the lock back when the process ends, however it
    /// ends; a process that is stopped still has it.
    _lock: Option<File>,
}

impl Identity {
    /// One that nobody ever has again: `<host>_<uuid>`.
    pub(super) fn random(host: &str) -> Self {
        Self::of(host, Uuid::new_v4(), None)
    }

    /// The one that is kept in a file, if no living process has it, otherwise a random one.
    pub(super) fn kept(host: &str, file: &Path) -> Self {
        match keep(file) {
            Ok((number, lock)) => Self::of(host, number, Some(lock)),
            Err(error) => {
                let file = file.display();
                debug!(%file, %error, "cannot keep an identity for elections; a restart waits for the end of its own lease");
                Self::random(host)
            }
        }
    }

    fn of(host: &str, number: Uuid, lock: Option<File>) -> Self {
        Self {
            name: format!("{host}_{number}"),
            _lock: lock,
        }
    }
}

/// Locks the file and reads the number in it; writes a new one where there is none.
fn keep(path: &Path) -> io::Result<(Uuid, File)> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let mut options = File::options();
    let mut file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    // Before it is read: who reads first and locks afterwards may have the number of one that still leads.
    file.try_lock()?;
    let mut text = String::new();
    if file.read_to_string(&mut text).is_ok()
        && let Ok(number) = text.trim().parse()
    {
        return Ok((number, file));
    }
    let number = Uuid::new_v4();
    file.rewind()?;
    file.set_len(0)?;
    file.write_all(format!("{number}\n").as_bytes())?;
    Ok((number, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_has_it_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run/leader");
        let identity = || Identity::kept("host", &path);
        let first = identity();
        let second = identity();
        assert_ne!(first.name, second.name);
        let name = first.name.clone();
        drop(first);
        let third = identity();
        assert_eq!(third.name, name, "the second has not changed the file");
        drop(third);
        fs::write(&path, "nonsense").unwrap();
        let fourth = identity();
        assert_ne!(fourth.name, name);
        let name = fourth.name.clone();
        drop(fourth);
        assert_eq!(identity().name, name);
    }

    #[test]
    fn without_a_directory_it_is_random() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        let identity = || Identity::kept("host", &file.join("leader"));
        assert_ne!(identity().name, identity().name);
    }
}
