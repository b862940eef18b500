//! The Rust files below a folder.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Folders that hold no code of the repository.
const SKIPPED: &[&str] = &["target", "node_modules"];

/// Files by their path from the folder, with `/` between names; sorted.
pub(crate) struct Files {
    pub(crate) texts: Vec<(String, String)>,
}

impl Files {
    /// Reads all files with this ending below a folder, but for hidden folders.
    pub(crate) fn read(root: &Path, ending: &str) -> Result<Self> {
        let mut texts = Vec::new();
        read(root, root, ending, &mut texts)?;
        texts.sort();
        Ok(Self { texts })
    }
}

fn read(root: &Path, folder: &Path, ending: &str, texts: &mut Vec<(String, String)>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        // Links may lead out of the repository, or round in it.
        let kind = entry.file_type()?;
        if kind.is_dir() && !name.starts_with('.') && !SKIPPED.contains(&name.as_str()) {
            read(root, &path, ending, texts)?;
        } else if kind.is_file() && name.ends_with(ending) {
            let text = fs::read(&path).with_context(|| path.display().to_string())?;
            let relative = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            texts.push((relative, String::from_utf8_lossy(&text).into_owned()));
        }
    }
    Ok(())
}
