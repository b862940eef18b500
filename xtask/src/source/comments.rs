//! Lines of comments, and which of them are examples of code.

use super::file::Source;
use super::lexer::Kind;

/// One line of a comment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct CommentLine<'a> {
    pub(crate) line: usize,
    /// Without marks and space at its ends.
    pub(crate) text: &'a str,
    /// Between fences of a documentation comment; the fences themselves are not.
    pub(crate) is_example: bool,
}

/// The lines of all comments of a file.
pub(crate) fn comment_lines<'a>(source: &Source<'a>) -> Vec<CommentLine<'a>> {
    let mut lines: Vec<CommentLine<'a>> = Vec::new();
    let mut is_open = false;
    for token in source.tokens.iter().filter(|token| token.is_comment()) {
        let follows = lines.last().is_some_and(|last| last.line + 1 == token.line);
        is_open &= follows;
        for (index, text) in token.text.lines().enumerate() {
            let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '/' | '!' | '*'));
            let is_fence = token.kind == Kind::Doc && text.starts_with("```");
            is_open ^= is_fence;
            lines.push(CommentLine {
                line: token.line + index,
                text,
                is_example: is_open && !is_fence,
            });
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_end() {
        let text = "/// A.\n/// ```\n/// b();\n/// ```\n/// C.\n/// ```\n/// d();\nfn f() {}\n// E.\n/* F\n * G */\n";
        let lines: Vec<(usize, &str, bool)> = comment_lines(&Source::new("a.rs", text))
            .iter()
            .map(|line| (line.line, line.text, line.is_example))
            .collect();
        assert_eq!(
            lines,
            [
                (1, "A.", false),
                (2, "```", false),
                (3, "b();", true),
                (4, "```", false),
                (5, "C.", false),
                (6, "```", false),
                (7, "d();", true),
                (9, "E.", false),
                (10, "F", false),
                (11, "G", false),
            ]
        );
    }
}
