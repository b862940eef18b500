//! A table in code, the folder with its entries, and the page about them say the same.
//!
//! Names are compared without regard to capitals and separators: `forward_auth`, `ForwardAuth` and
//! `forward-auth` are one.

mod table;

use std::collections::{BTreeMap, BTreeSet};

use table::Table;

use crate::markdown;
use crate::source::{Files, Source};

/// One table with what has to agree with it.
struct Registry {
    /// What an entry is.
    what: &'static str,
    table: Table,
    /// Each file or folder in it is an entry, each entry a file or a folder in it.
    folder: Option<&'static str>,
    /// Entries that are elsewhere than in the folder.
    elsewhere: &'static [&'static str],
    /// Files of the folder that are no entries.
    helpers: &'static [&'static str],
    page: Option<Page>,
}

/// A table of a page in which each entry is named.
struct Page {
    path: &'static str,
    section: &'static str,
    /// Headings of the columns up to the one with the names.
    headings: &'static [&'static str],
}

/// To have a further table checked, add it here.
const REGISTRIES: &[Registry] = &[
    Registry {
        what: "generator",
        table: Table::Modules {
            file: "xtask/src/codegen/mod.rs",
        },
        folder: Some("xtask/src/codegen"),
        elsewhere: &[],
        helpers: &[],
        page: None,
    },
    Registry {
        what: "rule",
        table: Table::Field {
            path: "xtask/src/tidy/mod.rs",
            constant: Some("RULES"),
            field: "name",
        },
        folder: Some("xtask/src/tidy"),
        elsewhere: &[],
        helpers: &[],
        page: Some(Page {
            path: "CONTRIBUTING.md",
            section: "Rules that a tool keeps",
            headings: &["rule"],
        }),
    },
    Registry {
        what: "subcommand",
        table: Table::Variants {
            file: "crates/config/src/command.rs",
            name: "Command",
        },
        folder: Some("crates/kinglet/src/command"),
        // Of several files each; the manual page is made with the completion.
        elsewhere: &["demo", "lab", "man"],
        helpers: &[],
        page: Some(Page {
            path: "README.md",
            section: "Subcommands",
            headings: &["command"],
        }),
    },
    Registry {
        what: "controller of workloads",
        table: Table::Modules {
            file: "crates/lab/workloads/src/lib.rs",
        },
        folder: Some("crates/lab/workloads/src"),
        elsewhere: &[],
        helpers: &[
            "amounts",
            "claim",
            "expected",
            "objects",
            "owners",
            "placement",
            "pod_owners",
            "pods",
            "store",
            "template",
        ],
        page: Some(Page {
            path: "docs/apiserver.md",
            section: "Workloads",
            headings: &["controller"],
        }),
    },
    Registry {
        what: "kind of the API server",
        table: Table::Field {
            path: "crates/apiserver/kinds/src/builtin",
            constant: None,
            field: "kind",
        },
        folder: None,
        elsewhere: &[],
        helpers: &[],
        page: Some(Page {
            path: "docs/apiserver.md",
            section: "What it serves",
            headings: &["group", "kinds"],
        }),
    },
];

/// What does not agree.
pub(super) fn check(sources: &[Source<'_>], pages: &Files) -> Vec<String> {
    REGISTRIES
        .iter()
        .flat_map(|registry| registry.check(sources, pages))
        .collect()
}

/// Names as they are compared, with how they are written.
type Names = BTreeMap<String, String>;

impl Registry {
    fn check(&self, sources: &[Source<'_>], pages: &Files) -> Vec<String> {
        let (what, place) = (self.what, self.table.path());
        let mut entries = names(self.table.entries(sources));
        if entries.is_empty() {
            return vec![format!("there is no table of each {what} in {place}")];
        }
        let mut findings = Vec::new();
        if let Some(folder) = self.folder {
            let mut files = names(files(folder, sources));
            for (key, name) in listed(self.helpers) {
                entries.remove(&key);
                if files.remove(&key).is_none() {
                    findings.push(format!("{name} is no helper in {folder}"));
                }
            }
            findings.extend(self.check_folder(entries.clone(), &files, folder));
        }
        if let Some(page) = &self.page {
            let named = names(page.names(pages));
            findings.extend(missing(&entries, &named, what, page.path));
            findings.extend(missing(&named, &entries, what, place));
        }
        findings
    }

    fn check_folder(&self, mut entries: Names, files: &Names, folder: &str) -> Vec<String> {
        if files.is_empty() {
            return vec![format!("there is no folder {folder} for each {}", self.what)];
        }
        let mut findings = missing(files, &entries, self.what, self.table.path());
        for (key, name) in listed(self.elsewhere) {
            if entries.remove(&key).is_none() || files.contains_key(&key) {
                findings.push(format!("{} {name} is not elsewhere than in {folder}", self.what));
            }
        }
        findings.extend(missing(&entries, files, self.what, folder));
        findings
    }
}

impl Page {
    /// What stands in backticks or between commas in the column.
    fn names(&self, pages: &Files) -> BTreeSet<String> {
        let page = pages.texts.iter().find(|(path, _)| path == self.path);
        let section = page.and_then(|(_, page)| markdown::section(page, self.section));
        let rows = markdown::rows(section.unwrap_or_default(), self.headings);
        let cells = rows.iter().filter_map(|row| row.get(self.headings.len() - 1));
        cells.flat_map(|cell| names_in(cell)).collect()
    }
}

fn names_in(cell: &str) -> Vec<String> {
    let names: Vec<&str> = if cell.contains('`') {
        cell.split('`').skip(1).step_by(2).collect()
    } else {
        cell.split(',').collect()
    };
    names.into_iter().map(|name| name.trim().to_owned()).collect()
}

/// Files and folders right in a folder, without those that only tell its story.
fn files(folder: &str, sources: &[Source<'_>]) -> BTreeSet<String> {
    let inside = sources
        .iter()
        .filter_map(|source| source.path.strip_prefix(folder)?.strip_prefix('/'));
    inside
        .map(|path| {
            path.split('/')
                .next()
                .unwrap_or(path)
                .trim_end_matches(".rs")
                .to_owned()
        })
        .filter(|name| !matches!(name.as_str(), "mod" | "lib" | "main" | "tests"))
        .collect()
}

fn names(names: impl IntoIterator<Item = String>) -> Names {
    let key = |name: &str| {
        name.chars()
            .filter(|c| c.is_alphanumeric())
            .collect::<String>()
            .to_lowercase()
    };
    names.into_iter().map(|name| (key(&name), name)).collect()
}

fn listed(list: &[&str]) -> Names {
    names(list.iter().map(|name| (*name).to_owned()))
}

/// What the second ones lack of the first.
fn missing(names: &Names, from: &Names, what: &str, place: &str) -> Vec<String> {
    let lacking = names.iter().filter(|(key, _)| !from.contains_key(*key));
    lacking
        .map(|(_, name)| format!("{what} {name} is not in {place}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTRY: Registry = Registry {
        what: "plugin",
        table: Table::Modules { file: "p/mod.rs" },
        folder: Some("p"),
        elsewhere: &["d"],
        helpers: &["chain"],
        page: Some(Page {
            path: "docs/p.md",
            section: "Plugins",
            headings: &["plugin"],
        }),
    };

    fn findings(files: &[&str], table: &str, page: &str) -> Vec<String> {
        let mut sources: Vec<Source<'_>> = files.iter().map(|path| Source::new(path, "")).collect();
        sources.push(Source::new("p/mod.rs", table));
        let page = format!("## Plugins\n| plugin | what |\n|---|---|\n{page}");
        let pages = Files {
            texts: vec![("docs/p.md".to_owned(), page)],
        };
        REGISTRY.check(&sources, &pages)
    }

    #[test]
    fn all_three_agree() {
        let both = "| `k8s_a` | x |\n| D | y |\n";
        let a = &["p/k8s_a/b.rs", "p/chain.rs"][..];
        let cases: &[(&[&str], &str, &str, &[&str])] = &[
            (a, "mod chain; mod k8s_a; mod d;", both, &[]),
            (
                &["p/chain.rs", "p/x.rs"],
                "mod chain; mod k8s_a; mod d; mod x;",
                both,
                &["plugin k8s_a is not in p", "plugin x is not in docs/p.md"],
            ),
            (
                &["p/k8s_a.rs", "p/b.rs", "p/chain.rs"],
                "mod k8s_a; mod d;",
                both,
                &["plugin b is not in p/mod.rs"],
            ),
            (
                a,
                "mod k8s_a;",
                both,
                &[
                    "plugin d is not elsewhere than in p",
                    "plugin D is not in p/mod.rs",
                ],
            ),
            (
                &["p/d.rs", "p/chain.rs"],
                "mod d;",
                "| d | x |\n",
                &["plugin d is not elsewhere than in p"],
            ),
            (
                &["p/k8s_a.rs"],
                "mod k8s_a; mod d;",
                both,
                &["chain is no helper in p"],
            ),
            (
                &["p/chain.rs"],
                "mod d;",
                "| d | x |\n",
                &["there is no folder p for each plugin"],
            ),
            (&[], "", both, &["there is no table of each plugin in p/mod.rs"]),
        ];
        for (files, table, page, expected) in cases {
            assert_eq!(findings(files, table, page), *expected, "{files:?} {table}");
        }
    }

    #[test]
    fn cells() {
        assert_eq!(names_in("A, B"), ["A", "B"]);
        assert_eq!(names_in("`a` and `b`, both"), ["a", "b"]);
    }
}
