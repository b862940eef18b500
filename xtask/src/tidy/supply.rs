//! Other people's packages: their licences, where they come from, and which are banned.
//!
//! deny.toml has the lists, in the form that cargo-deny reads; this needs nothing to be installed.

use std::collections::BTreeSet;

use anyhow::{Context, Result};

use crate::workspace::{Package, Workspace};

/// Accepted where it does not get into the binary.
const TOOLS_ONLY: &str = "MPL-2.0";
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Packages that must not be there.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<String>> {
    let path = workspace.root.join("deny.toml");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let accepted: Vec<&str> = list(&text, "licenses", "allow").into_iter().collect();
    let banned: Vec<&str> = list(&text, "bans", "deny").into_iter().collect();
    if accepted.is_empty() || banned.is_empty() {
        return Ok(vec![
            "deny.toml needs `licenses.allow` and `bans.deny`".to_owned(),
        ]);
    }
    let Some(binary) = workspace.own().find(|package| package.name == "kinglet") else {
        return Ok(vec!["the package kinglet is missing".to_owned()]);
    };
    let shipped = workspace.closure(binary);
    let packages = workspace.packages.values();
    let findings = packages.flat_map(|package| {
        let accepted: Vec<&str> = accepted
            .iter()
            .copied()
            .filter(|licence| *licence != TOOLS_ONLY || !shipped.contains(package.name.as_str()))
            .collect();
        check_package(package, &accepted, &banned)
    });
    Ok(findings.collect())
}

fn check_package(package: &Package, accepted: &[&str], banned: &[&str]) -> Vec<String> {
    let mut findings = Vec::new();
    let name = &package.name;
    if !is_accepted(package.licence.as_deref().unwrap_or_default(), accepted) {
        findings.push(format!("{name}: licence {:?} is not accepted", package.licence));
    }
    if banned.contains(&name.as_str()) {
        findings.push(format!("{name} is banned"));
    }
    if package.source.as_ref().is_some_and(|source| source != CRATES_IO) {
        findings.push(format!(
            "{name} does not come from crates.io: {:?}",
            package.source
        ));
    }
    findings
}

/// Reads `A OR B` (one suffices) and `A AND B` (all are needed); a `WITH` exception only permits more.
fn is_accepted(expression: &str, accepted: &[&str]) -> bool {
    expression.replace('/', " OR ").split(" OR ").any(|alternative| {
        alternative.split(" AND ").all(|one| {
            let one = one.trim_matches(|c: char| c == '(' || c == ')' || c.is_whitespace());
            accepted.contains(&one) || accepted.contains(&one.split(" WITH ").next().unwrap_or_default())
        })
    })
}

/// The strings of `key = [...]` in a section of a TOML file.
fn list<'a>(text: &'a str, section: &str, key: &str) -> BTreeSet<&'a str> {
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default());
    let mut is_section = false;
    let mut is_list = false;
    let mut found = BTreeSet::new();
    for line in lines {
        let line = line.trim();
        if line.starts_with('[') && !is_list {
            is_section = line == format!("[{section}]");
            continue;
        }
        is_list |= is_section && line.split('=').next().is_some_and(|name| name.trim() == key);
        if is_list {
            found.extend(line.split('"').skip(1).step_by(2));
            is_list = !line.ends_with(']');
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        let accepted = ["Apache-2.0", "MIT", "Unicode-3.0"];
        for good in [
            "MIT",
            "MIT OR Apache-2.0",
            "GPL-3.0 OR MIT",
            "Apache-2.0 WITH LLVM-exception",
            "MIT/Apache-2.0",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
        ] {
            assert!(is_accepted(good, &accepted), "{good}");
        }
        for bad in ["GPL-3.0", "", "MIT AND GPL-2.0", "AGPL-3.0 OR GPL-3.0"] {
            assert!(!is_accepted(bad, &accepted), "{bad}");
        }
    }

    #[test]
    fn lists() {
        let text = "[a]\nallow = [\"x\"]\n# Comment\n[b]\nother = [\"y\"]\nallow = [\n  \"z\", # \"n\"\n  \"w\",\n]\n";
        for (section, key, expected) in [
            ("a", "allow", &["x"][..]),
            ("b", "allow", &["w", "z"]),
            ("b", "other", &["y"]),
            ("a", "other", &[]),
        ] {
            let list: Vec<&str> = list(text, section, key).into_iter().collect();
            assert_eq!(list, expected, "{section} {key}");
        }
    }

    #[test]
    fn packages() {
        let package = |name: &str, licence: &str, source: Option<&str>| Package {
            name: name.to_owned(),
            folder: String::new(),
            version: String::new(),
            licence: Some(licence.to_owned()),
            source: source.map(str::to_owned),
            dependencies: Vec::new(),
        };
        for (package, findings) in [
            (package("a", "MIT", Some(CRATES_IO)), 0),
            (package("a", "MIT", None), 0),
            (package("a", "MIT", Some("git+https://example.org/a")), 1),
            (package("b", "MIT", None), 1),
            (package("b", "GPL-3.0", None), 2),
        ] {
            assert_eq!(
                check_package(&package, &["MIT"], &["b"]).len(),
                findings,
                "{package:?}"
            );
        }
    }
}
