//! Rust source text as tokens, comments among them.

use std::iter::Peekable;
use std::str::CharIndices;

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A name or a keyword; of a raw one (`r#type`) the part behind `r#`.
    Ident,
    Lifetime,
    Number,
    /// A string of any prefix, or a character.
    Text,
    /// `///`, `//!`, `/**` or `/*!`.
    Doc,
    /// Any other comment.
    Comment,
    /// `::`, or one other character.
    Punct,
}

/// One token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    /// Line of its first character, from 1.
    pub(crate) line: usize,
    /// Offset of its first byte in the file.
    pub(crate) start: usize,
}

impl Token<'_> {
    pub(crate) fn is(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Ident | Kind::Punct) && self.text == text
    }

    pub(crate) fn is_comment(&self) -> bool {
        matches!(self.kind, Kind::Doc | Kind::Comment)
    }
}

/// All tokens of a file. Text that is no Rust gives some tokens, never an error.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer {
        text,
        chars: text.char_indices().peekable(),
        line: 1,
    };
    std::iter::from_fn(|| lexer.token()).collect()
}

struct Lexer<'a> {
    text: &'a str,
    chars: Peekable<CharIndices<'a>>,
    line: usize,
}

impl<'a> Lexer<'a> {
    fn token(&mut self) -> Option<Token<'a>> {
        self.skip(char::is_whitespace);
        let (start, first) = *self.chars.peek()?;
        let line = self.line;
        let kind = self.consume(start, first);
        let text = self.text.get(start..self.position()).unwrap_or_default();
        let raw = kind == Kind::Ident && text.starts_with("r#");
        Some(Token {
            kind,
            text: if raw { text.trim_start_matches("r#") } else { text },
            line,
            start,
        })
    }

    fn consume(&mut self, start: usize, first: char) -> Kind {
        let rest = self.text.get(start..).unwrap_or_default();
        if rest.starts_with("//") {
            self.skip(|c| c != '\n');
            return comment_kind(rest, "///", "////", "//!");
        }
        if rest.starts_with("/*") {
            self.block_comment();
            return comment_kind(rest, "/**", "/***", "/*!");
        }
        if let Some(prefix) = string_prefix(rest) {
            self.advance(prefix.chars().count());
            self.string(prefix);
            return Kind::Text;
        }
        if first == '\'' {
            return self.quote(rest);
        }
        if first.is_ascii_digit() {
            self.number();
            return Kind::Number;
        }
        if is_name(first) {
            self.advance(if rest.starts_with("r#") { 2 } else { 1 });
            self.skip(is_name);
            return Kind::Ident;
        }
        self.advance(if rest.starts_with("::") { 2 } else { 1 });
        Kind::Punct
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        while let Some((at, _)) = self.chars.peek() {
            let rest = self.text.get(*at..).unwrap_or_default();
            if rest.starts_with("/*") {
                depth += 1;
                self.advance(2);
            } else if rest.starts_with("*/") {
                depth -= 1;
                self.advance(2);
                if depth == 0 {
                    return;
                }
            } else {
                self.advance(1);
            }
        }
    }

    /// The rest of a string whose prefix, with the quote, is consumed.
    fn string(&mut self, prefix: &str) {
        let raw = prefix.contains('r');
        let end = format!("\"{}", "#".repeat(prefix.matches('#').count()));
        while let Some((at, c)) = self.chars.peek().copied() {
            if self.text.get(at..).unwrap_or_default().starts_with(&end) {
                self.advance(end.len());
                return;
            }
            self.advance(if c == '\\' && !raw { 2 } else { 1 });
        }
    }

    /// A character or a lifetime: `'a'` has a quote behind its one character, `'a` has none.
    fn quote(&mut self, rest: &str) -> Kind {
        let mut following = rest.chars().skip(1);
        let (second, third) = (following.next(), following.next());
        if second == Some('\\') {
            self.advance(3);
            self.skip(|c| c != '\'');
            self.advance(1);
            return Kind::Text;
        }
        if third == Some('\'') {
            self.advance(3);
            return Kind::Text;
        }
        self.advance(1);
        self.skip(is_name);
        Kind::Lifetime
    }

    /// `1.5` and `1e3`, but not the range `1..5` nor the method of `1.max(2)`.
    fn number(&mut self) {
        self.skip(is_name);
        let rest = self.text.get(self.position()..).unwrap_or_default();
        let mut following = rest.chars();
        if following.next() == Some('.') && following.next().is_some_and(|c| c.is_ascii_digit()) {
            self.advance(1);
            self.skip(is_name);
        }
    }

    fn skip(&mut self, accept: impl Fn(char) -> bool) {
        while self.chars.peek().is_some_and(|(_, c)| accept(*c)) {
            self.advance(1);
        }
    }

    fn advance(&mut self, count: usize) {
        for (_, c) in self.chars.by_ref().take(count) {
            self.line += usize::from(c == '\n');
        }
    }

    fn position(&mut self) -> usize {
        self.chars.peek().map_or(self.text.len(), |(at, _)| *at)
    }
}

fn comment_kind(rest: &str, doc: &str, not_doc: &str, inner: &str) -> Kind {
    let is_doc = rest.starts_with(doc) && !rest.starts_with(not_doc) || rest.starts_with(inner);
    if is_doc { Kind::Doc } else { Kind::Comment }
}

/// What opens a string at the start of this text, the quote included: `"`, `b"`, `r#"`.
fn string_prefix(rest: &str) -> Option<&str> {
    let letters = rest.len() - rest.trim_start_matches(['b', 'c', 'r']).len();
    let hashes = rest.get(letters..)?;
    let end = rest.len() - hashes.trim_start_matches('#').len();
    let raw = rest.get(..letters)?.ends_with('r');
    let fits = rest.get(end..)?.starts_with('"') && letters <= 2 && (raw || end == letters);
    fits.then(|| rest.get(..=end)).flatten()
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(Kind, &str)> {
        tokens(text)
            .iter()
            .map(|token| (token.kind, token.text))
            .collect()
    }

    #[test]
    fn kinds() {
        use Kind::{Comment, Doc, Ident, Lifetime, Number, Punct, Text};
        let cases: &[(&str, &[(Kind, &str)])] = &[
            ("a::b", &[(Ident, "a"), (Punct, "::"), (Ident, "b")]),
            ("r#type", &[(Ident, "type")]),
            ("&'a str", &[(Punct, "&"), (Lifetime, "'a"), (Ident, "str")]),
            (
                "'a' '\\'' '\\u{1F600}'",
                &[(Text, "'a'"), (Text, "'\\''"), (Text, "'\\u{1F600}'")],
            ),
            (
                r#""a\"b" b'x'"#,
                &[(Text, r#""a\"b""#), (Ident, "b"), (Text, "'x'")],
            ),
            (
                r###"r#"a"b"# c"d""###,
                &[(Text, r###"r#"a"b"#"###), (Text, "c\"d\"")],
            ),
            (
                "1..2",
                &[(Number, "1"), (Punct, "."), (Punct, "."), (Number, "2")],
            ),
            ("1.5e3_u8", &[(Number, "1.5e3_u8")]),
            (
                "/// a\n// b\n//! c\n//// d",
                &[
                    (Doc, "/// a"),
                    (Comment, "// b"),
                    (Doc, "//! c"),
                    (Comment, "//// d"),
                ],
            ),
            (
                "/* a /* b */ c */ d",
                &[(Comment, "/* a /* b */ c */"), (Ident, "d")],
            ),
            ("\"// no comment\"", &[(Text, "\"// no comment\"")]),
            ("rb brr", &[(Ident, "rb"), (Ident, "brr")]),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), *expected, "{text}");
        }
    }

    #[test]
    fn lines() {
        let lines: Vec<usize> = tokens("a\n\"x\ny\" b\n/*\n*/ c")
            .iter()
            .map(|token| token.line)
            .collect();
        assert_eq!(lines, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn unfinished_text_ends() {
        for text in ["\"a", "'", "/* a", "r#\"a", "'\\", "b\"\\"] {
            assert!(!tokens(text).is_empty(), "{text}");
        }
    }
}
