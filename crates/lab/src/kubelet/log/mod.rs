//! Logs of containers: files as container runtimes write them for kubelets. A line is `TIME STREAM TAG TEXT`;
//! the tag is `P` for a part of a line, `F` for a whole one or a line's end (CRI, "logging format").

mod file;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::fs;
use std::io;
use std::path::Path;

use self::file::directory;
pub(crate) use self::file::path;
pub(crate) use self::read::{Reader, Wanted};
pub(crate) use self::write::Writer;
use crate::place::Place;

/// What the containers of a pod have written since their last start but one: all of them, or one.
///
/// # Errors
/// Files that cannot be read. There is nothing where no container has started.
pub fn read(place: &Place, container: Option<&str>) -> io::Result<Vec<u8>> {
    let names = match container {
        Some(name) => vec![name.to_owned()],
        None => names(&place.directory.join("logs"))?,
    };
    let mut all = Vec::new();
    for name in names {
        let mut starts: Vec<u32> = names_of_starts(&directory(&place.directory, &name))?;
        starts.sort_unstable();
        for restarts in starts {
            let mut reader = Reader::open(&path(&place.directory, &name, restarts), Wanted::default())?;
            reader.read_to_end(&mut all)?;
        }
    }
    Ok(all)
}

fn names_of_starts(directory: &Path) -> io::Result<Vec<u32>> {
    let names = names(directory)?;
    Ok(names
        .iter()
        .filter_map(|name| name.strip_suffix(".log")?.parse().ok())
        .collect())
}

/// Names in a directory, sorted; none when it does not exist.
fn names(directory: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
