//! The notes of a release: its section of CHANGELOG.md.

use crate::markdown;

/// What a version changes. Before the section of a version is there, its changes are under `Unreleased`.
pub(super) fn notes(changelog: &str, version: &str) -> Option<String> {
    let heading = changelog
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .find(|heading| {
            let name = heading.split_whitespace().next().unwrap_or_default();
            name.trim_matches(['[', ']']) == version
        });
    let section = markdown::section(changelog, heading.unwrap_or("Unreleased"))?.trim();
    (!section.is_empty()).then(|| format!("# Kinglet {version}\n\n{section}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGELOG: &str = "# Changelog\n\n## Unreleased\n\n### Added\n\n- New.\n\n\
                             ## [0.2.0] - 2026-01-02\n\n### Fixed\n\n- Old.\n\n## 0.1.0\n";

    #[test]
    fn sections() {
        for (version, expected) in [
            ("0.2.0", Some("# Kinglet 0.2.0\n\n### Fixed\n\n- Old.\n")),
            ("0.3.0", Some("# Kinglet 0.3.0\n\n### Added\n\n- New.\n")),
            ("0.1.0", None),
        ] {
            assert_eq!(notes(CHANGELOG, version).as_deref(), expected, "{version}");
        }
        assert_eq!(notes("# Changelog\n", "0.1.0"), None);
    }
}
