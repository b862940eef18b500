//! `cargo xtask measure`: size and habits of a code base in figures, tests set apart.
//!
//! A function is counted from `fn` to its closing brace. What follows code on its line is no comment line.

mod counts;
mod functions;
mod report;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;

use self::counts::{Counts, Part};
use self::report::Row;
use crate::source::{Files, Source, sources};

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Root of the checkout; by default this one.
    path: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Prints a table of the whole and of the code of each crate.
pub(crate) fn run(options: &Options) -> Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let root = options.path.as_deref().or(here).unwrap_or(Path::new("."));
    let rust = Files::read(root, ".rs")?;
    let manifests = Files::read(root, "Cargo.toml")?;
    let rows = rows(&sources(&rust), &manifests);
    if options.json {
        anstream::println!("{:#}", report::json(&rows));
    } else {
        anstream::print!("{}", report::table(&rows));
    }
    Ok(())
}

/// The whole, its code and its tests; then the code of each crate.
fn rows(sources: &[Source<'_>], manifests: &Files) -> Vec<Row> {
    let crates: Vec<&str> = manifests
        .texts
        .iter()
        .filter(|(_, text)| text.lines().any(|line| line.trim() == "[package]"))
        .map(|(path, _)| path.trim_end_matches("Cargo.toml").trim_end_matches('/'))
        .collect();
    let whole = [(Part::All, "all"), (Part::Code, "code"), (Part::Tests, "tests")].map(|(part, name)| {
        let mut counts = Counts::default();
        sources.iter().for_each(|source| counts.add(source, part));
        Row {
            name: name.to_owned(),
            crates: crates.len(),
            counts,
        }
    });
    let mut by_crate: BTreeMap<&str, Counts> = BTreeMap::new();
    for source in sources {
        let counts = by_crate.entry(owner(source.path, &crates)).or_default();
        counts.add(source, Part::Code);
        // Beside the code of a crate it matters how many tests there are, not how they look.
        let mut whole = Counts::default();
        whole.add(source, Part::Tests);
        counts.tests += whole.tests;
    }
    let each = by_crate.into_iter().map(|(name, counts)| Row {
        name: name.to_owned(),
        crates: 1,
        counts,
    });
    whole.into_iter().chain(each).collect()
}

/// The innermost crate with this file.
fn owner<'a>(path: &str, crates: &[&'a str]) -> &'a str {
    let inside = |folder: &&&str| folder.is_empty() || path.starts_with(&format!("{folder}/"));
    crates
        .iter()
        .filter(inside)
        .max_by_key(|folder| folder.len())
        .copied()
        .unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_belong_to_the_innermost_crate() {
        let crates = ["", "crates/a", "crates/a/b"];
        for (path, expected) in [
            ("build.rs", ""),
            ("crates/a/src/lib.rs", "crates/a"),
            ("crates/a/b/src/lib.rs", "crates/a/b"),
            ("crates/ab/src/lib.rs", ""),
        ] {
            assert_eq!(owner(path, &crates), expected, "{path}");
        }
    }
}
