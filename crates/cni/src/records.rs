//! Pods that have started, on disk: an agent that starts anew knows their addresses before the API server
//! does.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::protocol::Request;

/// A directory with a file for each pod, named by its `metadata.uid`.
#[derive(Clone, Debug)]
pub struct Records(PathBuf);

impl Records {
    /// The records in a directory, which need not exist.
    pub fn at(directory: PathBuf) -> Self {
        Self(directory)
    }

    /// Where the records are.
    pub fn directory(&self) -> &Path {
        &self.0
    }

    /// Keeps what a pod has started with.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep(&self, request: &Request) -> io::Result<()> {
        let Some(path) = self.path(&request.uid) else {
            return Ok(());
        };
        fs::create_dir_all(&self.0)?;
        // Renaming is atomic (rename(2)): a process that is killed here leaves no half of a record.
        let partial = path.with_extension("new");
        fs::write(&partial, serde_json::to_vec(request)?)?;
        fs::rename(partial, path)
    }

    /// Forgets a pod.
    pub fn remove(&self, uid: &str) {
        if let Some(path) = self.path(uid) {
            // It may never have been there.
            let _ = fs::remove_file(path);
        }
    }

    /// All that is kept; what cannot be read is left out.
    pub fn all(&self) -> Vec<Request> {
        let entries = fs::read_dir(&self.0).into_iter().flatten().flatten();
        // Those with an extension were not completed.
        let files = entries.filter(|entry| entry.path().extension().is_none());
        let read = files.filter_map(|entry| serde_json::from_slice(&fs::read(entry.path()).ok()?).ok());
        read.collect()
    }

    /// The uid comes from the runtime: only one as Kubernetes makes them becomes a file name, so that none
    /// leads out of the directory.
    fn path(&self, uid: &str) -> Option<PathBuf> {
        let fits = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
        let is_name = !uid.is_empty() && uid.len() < 100 && uid.bytes().all(fits);
        is_name.then(|| self.0.join(uid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Command;

    #[test]
    fn pods_are_kept_until_they_are_removed() {
        let directory = tempfile::tempdir().unwrap();
        let records = Records::at(directory.path().join("deep").join("pods"));
        assert_eq!(records.all(), []);
        let pod = |uid: &str, address: &str| Request {
            command: Command::Add,
            namespace: "x".to_owned(),
            name: "a".to_owned(),
            uid: uid.to_owned(),
            addresses: vec![address.parse().unwrap()],
        };
        for (uid, address) in [
            ("u-1", "10.0.0.1"),
            ("u-1", "10.0.0.2"),
            ("../x", "10.0.0.3"),
            ("", "10.0.0.4"),
        ] {
            records.keep(&pod(uid, address)).unwrap();
        }
        fs::write(directory.path().join("deep/pods/broken"), "{").unwrap();
        assert_eq!(records.all(), [pod("u-1", "10.0.0.2")]);
        records.remove("u-1");
        records.remove("u-2");
        assert_eq!(records.all(), []);
    }
}
