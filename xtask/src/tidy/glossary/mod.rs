//! The field's words, not private ones.
//!
//! The table `| not | but |` in the glossary of CONTRIBUTING.md says which words are refused. A cell holds
//! one or more of them between commas: in backticks an identifier exactly as it is, else words, however they
//! are written.

mod words;

use std::collections::BTreeSet;

use words::{Word, words};

use crate::markdown;
use crate::source::{Files, Source};

/// The page with the table; it is not searched.
const PAGE: &str = "CONTRIBUTING.md";

/// A row of the table.
#[derive(PartialEq, Eq, Debug)]
struct Refused<'a> {
    /// Words in small letters, or one identifier.
    words: Vec<&'a str>,
    is_identifier: bool,
    instead: &'a str,
}

/// Places with refused words.
pub(super) fn check(sources: &[Source<'_>], pages: &Files) -> Vec<String> {
    let text = |name: &str| {
        pages
            .texts
            .iter()
            .find(|(path, _)| path == name)
            .map(|(_, text)| text)
    };
    let Some(refused) = text(PAGE).and_then(|page| read(page)) else {
        return vec![format!(
            "{PAGE} needs a section `Glossary` with a table `| not | but |`"
        )];
    };
    let mut findings = BTreeSet::new();
    for source in sources {
        for token in &source.tokens {
            for (line, finding) in search(token.text, &refused) {
                findings.insert((source.path, token.line + line, finding));
            }
        }
    }
    for (path, text) in pages.texts.iter().filter(|(path, _)| is_searched(path)) {
        for (line, finding) in search(text, &refused) {
            findings.insert((path, line + 1, finding));
        }
    }
    findings
        .into_iter()
        .map(|(path, line, finding)| format!("{path}:{line}: {finding}"))
        .collect()
}

/// Pages at the root and in docs.
fn is_searched(path: &str) -> bool {
    path != PAGE && (!path.contains('/') || path.starts_with("docs/"))
}

fn read(page: &str) -> Option<Vec<Refused<'_>>> {
    let rows = markdown::rows(markdown::section(page, "Glossary")?, &["not", "but"]);
    let refused = rows.iter().flat_map(|row| match row.as_slice() {
        [not, but, ..] => not.split(',').map(|one| entry(one.trim(), but)).collect(),
        _ => Vec::new(),
    });
    let refused: Vec<Refused<'_>> = refused.collect();
    (!refused.is_empty()).then_some(refused)
}

fn entry<'a>(text: &'a str, instead: &'a str) -> Refused<'a> {
    let is_identifier = text.starts_with('`');
    let words = text.trim_matches('`').split_whitespace().collect();
    Refused {
        words,
        is_identifier,
        instead,
    }
}

/// Lines of a text with what is wrong there.
fn search(text: &str, refused: &[Refused<'_>]) -> Vec<(usize, String)> {
    let words = words(text);
    let mut found = Vec::new();
    for at in 0..words.len() {
        let rest = words.get(at..).unwrap_or_default();
        for one in refused.iter().filter(|one| is_met(one, rest)) {
            let line = rest.first().map_or(0, |word| word.line);
            let finding = format!("`{}` is refused, say: {}", one.words.join(" "), one.instead);
            found.push((line, finding));
        }
    }
    found
}

fn is_met(refused: &Refused<'_>, words: &[Word<'_>]) -> bool {
    if refused.is_identifier {
        let first = words.first().map(|word| word.whole);
        return first.is_some_and(|first| refused.words == [first]);
    }
    let pairs = refused.words.iter().zip(words);
    words.len() >= refused.words.len()
        && pairs
            .clone()
            .all(|(refused, word)| word.part == *refused || word.part.strip_suffix('s') == Some(*refused))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "# Page\n## Glossary\n| not | but |\n|---|---|\n| blorb, blorbed | thing |\n\
                         | grue pit | hole |\n| `Zork` | place |\n";

    #[test]
    fn words_are_found() {
        let refused = read(TABLE).unwrap();
        for (text, expected) in [
            ("blorb", 1),
            ("the Blorbs of it", 1),
            ("BlorbKind, my_blorb", 2),
            ("blorbed", 1),
            ("blorbing", 0),
            ("a grue pit", 1),
            ("GruePit", 1),
            ("a grue", 0),
            ("struct Zork;", 1),
            ("zork, ZorkList", 0),
            ("fine", 0),
        ] {
            assert_eq!(search(text, &refused).len(), expected, "{text}");
        }
        let found = search("a\nblorb", &refused);
        assert_eq!(found, [(1, "`blorb` is refused, say: thing".to_owned())]);
    }

    #[test]
    fn everything_is_searched() {
        let text = "// blorb\nfn blorb() {\n  \"blorb\"\n}\n";
        let pages = Files {
            texts: [
                (PAGE, TABLE),
                ("docs/a.md", "blorb\n"),
                ("crates/a/b.md", "blorb\n"),
            ]
            .map(|(path, text)| (path.to_owned(), text.to_owned()))
            .to_vec(),
        };
        let found = check(&[Source::new("a.rs", text)], &pages);
        let places: Vec<&str> = found
            .iter()
            .filter_map(|finding| finding.split(": ").next())
            .collect();
        assert_eq!(places, ["a.rs:1", "a.rs:2", "a.rs:3", "docs/a.md:1"]);
    }

    #[test]
    fn the_table_must_be_there() {
        for page in [
            "",
            "## Glossary\n",
            "## Other\n| not | but |\n|---|---|\n| a | b |\n",
        ] {
            assert_eq!(read(page), None, "{page}");
        }
    }
}
