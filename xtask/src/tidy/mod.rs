//! The rules of the repository that no compiler checks.

mod calls;
mod circles;
mod dependencies;
mod glossary;
mod length;
mod registry;
mod supply;
mod text;
mod unused;
mod width;

use anyhow::{Result, bail};

use crate::source::{Files, Source, sources};
use crate::workspace::Workspace;

/// What rules look at.
struct Repository<'a> {
    workspace: &'a Workspace,
    /// All Rust files.
    sources: &'a [Source<'a>],
    /// All Markdown pages.
    pages: &'a Files,
}

/// One rule.
struct Rule {
    name: &'static str,
    /// What it refuses.
    refuses: &'static str,
    check: fn(&Repository<'_>) -> Result<Vec<String>>,
}

/// Every file of this folder is a rule.
const RULES: &[Rule] = &[
    Rule {
        name: "dependencies",
        refuses: "crates that need what they may not know",
        check: |repository| Ok(dependencies::check(repository.workspace)),
    },
    Rule {
        name: "supply",
        refuses: "packages without an accepted licence, from elsewhere than crates.io, or banned in deny.toml",
        check: |repository| supply::check(repository.workspace),
    },
    Rule {
        name: "text",
        refuses: "files that do not say what they are for, placeholders, unsafe code outside of `sys`",
        check: |repository| Ok(text::check(repository.sources)),
    },
    Rule {
        name: "calls",
        refuses: "calls that only some code may make: the environment, the clock in pure crates",
        check: |repository| {
            Ok(calls::check(
                repository.workspace,
                &dependencies::pure(),
                repository.sources,
            ))
        },
    },
    Rule {
        name: "circles",
        refuses: "files of one crate that need each other",
        check: |repository| Ok(circles::check(repository.sources)),
    },
    Rule {
        name: "glossary",
        refuses: "words that the glossary of CONTRIBUTING.md refuses",
        check: |repository| Ok(glossary::check(repository.sources, repository.pages)),
    },
    Rule {
        name: "length",
        refuses: "files of more than 400 lines, or 600 of tests",
        check: |repository| Ok(length::check(repository.sources)),
    },
    Rule {
        name: "registry",
        refuses: "tables in code that differ from their folders or pages",
        check: |repository| Ok(registry::check(repository.sources, repository.pages)),
    },
    Rule {
        name: "unused",
        refuses: "public items that nothing outside of their crate uses",
        check: |repository| Ok(unused::check(repository.sources)),
    },
    Rule {
        name: "width",
        refuses: "comments wider than code",
        check: |repository| Ok(width::check(repository.sources)),
    },
];

/// Which rules to check.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Names of rules; none: all.
    #[arg(value_name = "RULE")]
    rules: Vec<String>,
    /// Prints the names of the rules and what they refuse.
    #[arg(long)]
    list: bool,
}

/// Checks rules and fails with the list of what is wrong.
pub(crate) fn run(options: &Options) -> Result<()> {
    if options.list {
        for rule in RULES {
            anstream::println!("{:<14} {}", rule.name, rule.refuses);
        }
        return Ok(());
    }
    let rules = chosen(&options.rules)?;
    let workspace = Workspace::load()?;
    let files = Files::read(&workspace.root, ".rs")?;
    let repository = Repository {
        workspace: &workspace,
        sources: &sources(&files),
        pages: &Files::read(&workspace.root, ".md")?,
    };
    let mut findings = Vec::new();
    for rule in rules {
        let found = (rule.check)(&repository)?;
        findings.extend(
            found
                .into_iter()
                .map(|finding| format!("{}: {finding}", rule.name)),
        );
    }
    if findings.is_empty() {
        return Ok(());
    }
    bail!("{} findings:\n{}", findings.len(), findings.join("\n"));
}

fn chosen(names: &[String]) -> Result<Vec<&'static Rule>> {
    if let Some(unknown) = names
        .iter()
        .find(|name| !RULES.iter().any(|rule| rule.name == **name))
    {
        bail!("no rule {unknown}; `cargo xtask tidy --list` prints the rules");
    }
    let is_chosen = |rule: &&Rule| names.is_empty() || names.iter().any(|name| name == rule.name);
    Ok(RULES.iter().filter(is_chosen).collect())
}
