//! Programs that the tests use and `tests/tools/install` installs.

use std::path::PathBuf;

use kinglet_test_support::skip;

/// The folder with the installed programs.
pub(crate) fn folder() -> PathBuf {
    let cache = || {
        let xdg = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
        xdg.unwrap_or_else(home).join("kinglet-tools")
    };
    std::env::var_os("KINGLET_TOOLS").map_or_else(cache, PathBuf::from)
}

/// An installed program by its path in the folder, or `None` when it is missing and tests may be skipped.
pub(crate) fn installed(path: &str) -> Option<PathBuf> {
    let path = folder().join(path);
    if path.exists() {
        return Some(path);
    }
    skip::skip(&format!("{} is missing: run tests/tools/install", path.display()));
    None
}

/// All installed versions of kubectl, for instance `1.30`, oldest first.
pub(crate) fn kubectl_versions() -> Vec<String> {
    let names = std::fs::read_dir(folder().join("bin"))
        .into_iter()
        .flatten()
        .flatten();
    let mut versions: Vec<String> = names
        .filter_map(|entry| {
            entry
                .file_name()
                .to_str()?
                .strip_prefix("kubectl-")
                .map(str::to_owned)
        })
        .collect();
    versions.sort();
    assert!(
        versions.len() >= 4 || skip::is_allowed(),
        "kubectl is missing: run tests/tools/install; found {versions:?}"
    );
    versions
}
