//! A Rust file with its tokens, and which part of it is for tests.

use std::collections::BTreeSet;
use std::ops::Range;

use super::lexer::{self, Token};
use super::outline::{ItemKind, outline};
use super::walk::Files;

/// One file.
pub(crate) struct Source<'a> {
    /// From the root of the repository.
    pub(crate) path: &'a str,
    pub(crate) text: &'a str,
    /// Comments included.
    pub(crate) tokens: Vec<Token<'a>>,
    /// Tokens that are no comments.
    pub(crate) code: Vec<Token<'a>>,
    /// The whole file is for tests.
    pub(crate) is_test: bool,
    /// Bytes of items that are for tests.
    tests: Vec<Range<usize>>,
}

impl<'a> Source<'a> {
    /// Reads one file, for itself.
    pub(crate) fn new(path: &'a str, text: &'a str) -> Self {
        let tokens = lexer::tokens(text);
        let code: Vec<Token<'_>> = tokens
            .iter()
            .filter(|token| !token.is_comment())
            .copied()
            .collect();
        let mut tests = Vec::new();
        test_items(&code, &mut tests);
        Self {
            path,
            text,
            is_test: is_test_path(path),
            tests,
            tokens,
            code,
        }
    }

    /// Is this token part of a test?
    pub(crate) fn is_in_test(&self, token: &Token<'_>) -> bool {
        self.is_test || self.tests.iter().any(|range| range.contains(&token.start))
    }

    /// Code that is no test and no comment.
    pub(crate) fn plain(&self) -> Vec<Token<'a>> {
        self.code
            .iter()
            .filter(|token| !self.is_in_test(token))
            .copied()
            .collect()
    }

    /// Lines of items that are for tests, comments and attributes between them included.
    pub(crate) fn test_lines(&self) -> BTreeSet<usize> {
        let in_tests = self.tests.iter().flat_map(|range| {
            let begin = line_of(self.text, range.start);
            begin..=line_of(self.text, range.end)
        });
        in_tests.collect()
    }
}

/// All files; those that a module for tests declares are tests.
pub(crate) fn sources(files: &Files) -> Vec<Source<'_>> {
    let mut sources: Vec<Source<'_>> = files
        .texts
        .iter()
        .map(|(path, text)| Source::new(path, text))
        .collect();
    let declared: Vec<String> = sources.iter().flat_map(test_modules).collect();
    for source in &mut sources {
        let stem = source.path.trim_end_matches(".rs").trim_end_matches("/mod");
        source.is_test |= declared
            .iter()
            .any(|module| stem == module || stem.starts_with(&format!("{module}/")));
    }
    sources
}

/// Paths, without ending, of the modules for tests that a file declares.
fn test_modules(source: &Source<'_>) -> Vec<String> {
    outline(&source.code)
        .iter()
        .filter(|item| item.is_test && item.kind == ItemKind::Module && item.body.is_none())
        .map(|item| format!("{}/{}", folder_of_children(source.path), item.name))
        .collect()
}

/// The folder with the modules of a file: its own for `lib.rs`, `main.rs` and `mod.rs`, else one of its name.
pub(crate) fn folder_of_children(path: &str) -> &str {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    match name {
        "lib.rs" | "main.rs" | "mod.rs" => folder,
        _ => path.trim_end_matches(".rs"),
    }
}

fn is_test_path(path: &str) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    folders
        .split('/')
        .any(|folder| matches!(folder, "tests" | "benches"))
        || matches!(name, "tests.rs" | "test.rs")
}

fn test_items(tokens: &[Token<'_>], found: &mut Vec<Range<usize>>) {
    for item in outline(tokens) {
        if item.is_test {
            let (Some(first), Some(last)) = (item.all.first(), item.all.last()) else {
                continue;
            };
            found.push(first.start..last.start + last.text.len());
        } else if let (ItemKind::Module | ItemKind::Impl | ItemKind::Trait, Some(body)) =
            (item.kind, item.body)
        {
            test_items(body, found);
        }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_set_apart() {
        let text =
            "fn a() {}\nimpl A {\n  #[cfg(test)]\n  fn b() {}\n}\n/// Doc.\n#[cfg(test)]\nmod tests {\n}\n";
        let source = Source::new("a.rs", text);
        assert!(!source.is_test);
        assert_eq!(
            source.test_lines().into_iter().collect::<Vec<_>>(),
            [3, 4, 7, 8, 9]
        );
        let words: Vec<&str> = source.plain().iter().map(|token| token.text).collect();
        assert_eq!(words.join(" "), "fn a ( ) { } impl A { }");
    }

    #[test]
    fn files_of_tests() {
        let files = Files {
            texts: [
                ("c/src/lib.rs", "mod a; #[cfg(test)] mod checks; mod b;"),
                ("c/src/a.rs", "#[cfg(test)] mod slow;"),
                ("c/src/a/slow.rs", ""),
                ("c/src/b/mod.rs", ""),
                ("c/src/b/tests.rs", ""),
                ("c/src/checks/mod.rs", ""),
                ("c/src/checks/more.rs", ""),
                ("c/src/checksum.rs", ""),
                ("c/tests/all.rs", ""),
            ]
            .map(|(path, text)| (path.to_owned(), text.to_owned()))
            .to_vec(),
        };
        let tests: Vec<&str> = sources(&files)
            .iter()
            .filter(|source| source.is_test)
            .map(|source| source.path)
            .collect();
        assert_eq!(
            tests,
            [
                "c/src/a/slow.rs",
                "c/src/b/tests.rs",
                "c/src/checks/mod.rs",
                "c/src/checks/more.rs",
                "c/tests/all.rs",
            ]
        );
    }
}
