//! Manifests as they are, without applying them.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::directory::manifests;
use crate::manifest::{ManifestError, parse};

/// Why manifests could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file or the directory cannot be read.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is no manifest.
    #[error("{path}: {source}", path = path.display())]
    Manifest {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: ManifestError,
    },
}

/// The objects of a file, or of the `.yaml`, `.yml` and `.json` files of a directory.
pub fn read(path: &Path) -> Result<Vec<Value>, ReadError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        |source| ReadError::File { path, source }
    };
    let files = if path.is_dir() {
        manifests(path).map_err(failed(path))?.into_keys().collect()
    } else {
        vec![path.to_owned()]
    };
    let mut objects = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).map_err(failed(&file))?;
        let parsed = parse(&text);
        objects.extend(parsed.map_err(|source| ReadError::Manifest { path: file, source })?);
    }
    Ok(objects)
}
