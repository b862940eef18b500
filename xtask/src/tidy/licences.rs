//! Licences of everything that the binary contains.

use crate::workspace::Workspace;

const ACCEPTED: &[&str] = &[
    "Apache-2.0",
    "MIT",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "0BSD",
    "MIT-0",
    "Unlicense",
    "CDLA-Permissive-2.0",
];

/// Packages without an accepted licence.
pub(super) fn check(workspace: &Workspace) -> Vec<String> {
    let Some(binary) = workspace.own().find(|package| package.name == "kinglet") else {
        return vec!["the package kinglet is missing".to_owned()];
    };
    let needed = workspace.closure(binary);
    workspace
        .packages
        .values()
        .filter(|package| needed.contains(package.name.as_str()))
        .filter(|package| !is_accepted(package.licence.as_deref().unwrap_or_default()))
        .map(|package| format!("{}: licence {:?} is not accepted", package.name, package.licence))
        .collect()
}

/// Reads `A OR B` (one suffices) and `A AND B` (all are needed); a `WITH` exception only permits more.
fn is_accepted(expression: &str) -> bool {
    expression.replace('/', " OR ").split(" OR ").any(|alternative| {
        alternative.split(" AND ").all(|one| {
            let one = one.trim_matches(|c: char| c == '(' || c == ')' || c.is_whitespace());
            ACCEPTED.contains(&one.split(" WITH ").next().unwrap_or_default())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        for good in [
            "MIT",
            "MIT OR Apache-2.0",
            "GPL-3.0 OR MIT",
            "Apache-2.0 WITH LLVM-exception",
            "MIT/Apache-2.0",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
        ] {
            assert!(is_accepted(good), "{good}");
        }
        for bad in ["GPL-3.0", "", "MIT AND GPL-2.0", "AGPL-3.0 OR GPL-3.0"] {
            assert!(!is_accepted(bad), "{bad}");
        }
    }
}
