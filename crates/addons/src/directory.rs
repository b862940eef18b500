//! A directory of manifests that is kept applied.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use kinglet_kube::Client;
use tokio::time::Instant;
use tracing::{error, info, warn};

use crate::manifest;

/// How often the directory is read. K3s reads it every 15 s.
const INTERVAL: Duration = Duration::from_secs(1);
/// Pause before a file that failed is applied again, unless it changes before: the kind of an object may come
/// with a CRD of another file.
const RETRY: Duration = Duration::from_secs(5);

/// A watched directory of `.yaml`, `.yml` and `.json` files.
pub struct Directory {
    path: PathBuf,
    client: Client,
    files: BTreeMap<PathBuf, File>,
    /// The last error of reading the directory, to log each problem once.
    unreadable: Option<String>,
}

struct File {
    stamp: Stamp,
    retry: Option<Instant>,
}

/// What changes when a file is written. Not the content: a directory of large manifests is read every second.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
}

impl Directory {
    /// A directory that need not exist yet.
    pub fn new(path: PathBuf, client: Client) -> Self {
        Self {
            path,
            client,
            files: BTreeMap::new(),
            unreadable: None,
        }
    }

    /// Applies changed files, forever. Cancel by dropping the future.
    pub async fn watch(mut self) {
        loop {
            self.pass().await;
            tokio::time::sleep(INTERVAL).await;
        }
    }

    /// Applies every file that is new, has changed, or failed and is due again; in the order of their names.
    pub async fn pass(&mut self) {
        let found = match manifests(&self.path) {
            Ok(found) => found,
            Err(error) => return self.report(&error),
        };
        self.unreadable = None;
        self.files.retain(|path, _| found.contains_key(path));
        for (path, stamp) in found {
            if self.is_due(&path, stamp) {
                let retry = if self.apply(&path).await {
                    None
                } else {
                    Some(Instant::now() + RETRY)
                };
                self.files.insert(path, File { stamp, retry });
            }
        }
    }

    fn is_due(&self, path: &Path, stamp: Stamp) -> bool {
        self.files
            .get(path)
            .is_none_or(|file| file.stamp != stamp || file.retry.is_some_and(|at| at <= Instant::now()))
    }

    fn report(&mut self, error: &io::Error) {
        let text = error.to_string();
        if self.unreadable.as_ref() != Some(&text) {
            warn!(directory = %self.path.display(), error = text, "cannot read the directory of manifests; trying again");
            self.unreadable = Some(text);
        }
    }

    async fn apply(&self, path: &Path) -> bool {
        let file = path.display();
        let objects = match std::fs::read_to_string(path) {
            Err(error) => {
                error!(%file, %error, "cannot read the manifest; trying again");
                return false;
            }
            Ok(text) => match manifest::parse(&text) {
                Ok(objects) => objects,
                Err(error) => {
                    error!(%file, %error, "cannot parse the manifest; none of its objects is applied, trying again");
                    return false;
                }
            },
        };
        let failures = manifest::apply(&self.client, &objects).await;
        for failure in &failures {
            error!(%file, error = %failure, "cannot apply an object of the manifest; trying again");
        }
        info!(%file, applied = objects.len() - failures.len(), failed = failures.len(), "manifest applied");
        failures.is_empty()
    }
}

pub(crate) fn manifests(directory: &Path) -> io::Result<BTreeMap<PathBuf, Stamp>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        // A file that was deleted between readdir(3) and stat(2) is not there; that is no error.
        if let (Some("yaml" | "yml" | "json"), Ok(metadata)) = (extension, path.metadata())
            && metadata.is_file()
        {
            found.insert(
                path,
                Stamp {
                    modified: metadata.modified().ok(),
                    bytes: metadata.len(),
                },
            );
        }
    }
    Ok(found)
}
