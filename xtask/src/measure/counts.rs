//! What is counted in a file, and the sums of files.

use super::functions::functions;
use crate::source::{Kind, Source, Token};

/// Which code is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    All,
    /// What is no test.
    Code,
    Tests,
}

impl Part {
    fn has(self, is_test: bool) -> bool {
        match self {
            Self::All => true,
            Self::Code => !is_test,
            Self::Tests => is_test,
        }
    }
}

/// Sums of files.
#[derive(Clone, Default, Debug)]
pub(super) struct Counts {
    pub(super) files: usize,
    pub(super) lines: usize,
    pub(super) doc_lines: usize,
    /// Lines that hold only another comment.
    pub(super) comment_lines: usize,
    pub(super) tests: usize,
    pub(super) unsafe_blocks: usize,
    pub(super) clones: usize,
    pub(super) unwraps: usize,
    /// Files that begin with documentation of the module.
    pub(super) documented_files: usize,
    pub(super) wide_functions: usize,
    pub(super) file_lengths: Vec<usize>,
    pub(super) function_lengths: Vec<usize>,
}

/// As many parameters as make a function hard to call.
const MANY: usize = 7;

impl Counts {
    /// Adds a part of a file. A file counts whole with what it is: code, even if it ends with tests.
    pub(super) fn add(&mut self, source: &Source<'_>, part: Part) {
        let lines = source.text.lines().count();
        let in_tests = if source.is_test {
            lines
        } else {
            source.test_lines().len()
        };
        self.lines += match part {
            Part::All => lines,
            Part::Code => lines - in_tests,
            Part::Tests => in_tests,
        };
        if part.has(source.is_test) {
            self.files += 1;
            self.file_lengths.push(lines);
            self.documented_files += usize::from(source.text.starts_with("//!"));
        }
        self.add_comments(source, part);
        let has = |token: &&Token<'_>| part.has(source.is_in_test(token));
        let code: Vec<Token<'_>> = source.code.iter().filter(has).copied().collect();
        self.tests += tests(&code);
        self.unsafe_blocks += unsafe_blocks(&code);
        self.clones += calls(&code, &["clone"]);
        self.unwraps += calls(&code, &["unwrap", "expect"]);
        for function in functions(&code) {
            self.function_lengths.push(function.lines);
            self.wide_functions += usize::from(function.parameters >= MANY);
        }
    }

    fn add_comments(&mut self, source: &Source<'_>, part: Part) {
        let mut before = 0;
        for token in &source.tokens {
            let starts_line = token.line != before;
            let lines = token.text.lines().count();
            before = token.line + lines.saturating_sub(1);
            if !part.has(source.is_in_test(token)) {
                continue;
            }
            match token.kind {
                Kind::Doc => self.doc_lines += lines,
                Kind::Comment if starts_line => self.comment_lines += lines,
                _ => {}
            }
        }
    }
}

/// `#[test]` and `#[tokio::test(...)]`.
fn tests(code: &[Token<'_>]) -> usize {
    let opens = code.windows(2).enumerate().filter(|(_, pair)| match pair {
        [hash, bracket] => hash.is("#") && bracket.is("["),
        _ => false,
    });
    opens
        .filter(|(at, _)| {
            let path = code
                .iter()
                .skip(at + 2)
                .step_by(2)
                .zip(code.iter().skip(at + 3).step_by(2));
            let mut path = path.skip_while(|(_, next)| next.is("::"));
            path.next()
                .is_some_and(|(last, next)| last.is("test") && (next.is("]") || next.is("(")))
        })
        .count()
}

fn unsafe_blocks(code: &[Token<'_>]) -> usize {
    code.windows(2)
        .filter(|pair| matches!(pair, [word, brace] if word.is("unsafe") && brace.is("{")))
        .count()
}

/// Calls of these methods.
fn calls(code: &[Token<'_>], names: &[&str]) -> usize {
    code.windows(3)
        .filter(|three| match three {
            [dot, name, open] => dot.is(".") && names.contains(&name.text) && open.is("("),
            _ => false,
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "//! Module.\n\
        /// Doc.\n\
        fn f(a: A) {\n\
        \x20   // Why.\n\
        \x20   a.clone().expect(\"b\"); // Trailing.\n\
        \x20   unsafe { g() }\n\
        }\n\
        #[cfg(test)]\n\
        mod tests {\n\
        \x20   /// Doc.\n\
        \x20   #[test]\n\
        \x20   fn t() { x.unwrap() }\n\
        \x20   #[tokio::test(start_paused = true)]\n\
        \x20   async fn u() {}\n\
        }\n";

    fn count(part: Part) -> Counts {
        let mut counts = Counts::default();
        counts.add(&Source::new("a.rs", TEXT), part);
        counts
    }

    #[test]
    fn code() {
        let counts = count(Part::Code);
        assert_eq!((counts.files, counts.lines), (1, 7));
        assert_eq!((counts.doc_lines, counts.comment_lines), (2, 1));
        assert_eq!((counts.tests, counts.unsafe_blocks), (0, 1));
        assert_eq!((counts.clones, counts.unwraps), (1, 1));
        assert_eq!(counts.function_lengths, [5]);
        assert_eq!(counts.documented_files, 1);
    }

    #[test]
    fn tests_are_set_apart() {
        let counts = count(Part::Tests);
        assert_eq!((counts.files, counts.lines), (0, 8));
        assert_eq!((counts.doc_lines, counts.comment_lines), (1, 0));
        assert_eq!((counts.tests, counts.unwraps), (2, 1));
        assert_eq!(counts.function_lengths, [1, 1]);
    }

    #[test]
    fn sums() {
        let mut all = count(Part::All);
        all.add(&Source::new("tests/a.rs", "fn f() {}\n"), Part::All);
        assert_eq!((all.files, all.lines, all.tests), (2, 16, 2));
        assert_eq!(all.function_lengths, [5, 1, 1, 1]);
    }
}
