//! The items of a file or of a module: what they are, their names, who sees them, where they begin and end.

use super::lexer::{Kind, Token};

/// What an item is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ItemKind {
    Module,
    Use,
    Function,
    Struct,
    Enum,
    Trait,
    Type,
    Const,
    Impl,
    Macro,
    /// A macro that is called where an item may stand.
    Call,
}

/// Who sees an item.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Visibility {
    Private,
    /// `pub(crate)`, `pub(super)`, `pub(in ...)`.
    Restricted,
    Public,
}

/// One item.
#[derive(Clone, Debug)]
pub(crate) struct Item<'t, 'a> {
    pub(crate) kind: ItemKind,
    /// Empty for `use`, `impl` and calls.
    pub(crate) name: &'a str,
    pub(crate) visibility: Visibility,
    /// Compiled for tests only.
    pub(crate) is_test: bool,
    /// `#[path = "..."]`.
    pub(crate) path: Option<&'a str>,
    pub(crate) line: usize,
    /// Everything, attributes included.
    pub(crate) all: &'t [Token<'a>],
    /// From the keyword to what is before the body.
    pub(crate) head: &'t [Token<'a>],
    /// What stands between the braces that end the item.
    pub(crate) body: Option<&'t [Token<'a>]>,
}

/// The items in tokens that are no comments.
pub(crate) fn outline<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<Item<'t, 'a>> {
    let mut parser = Parser { tokens, at: 0 };
    let mut items = Vec::new();
    while parser.at < tokens.len() {
        items.extend(parser.item());
    }
    items
}

struct Parser<'t, 'a> {
    tokens: &'t [Token<'a>],
    at: usize,
}

impl<'t, 'a> Parser<'t, 'a> {
    fn item(&mut self) -> Option<Item<'t, 'a>> {
        let first = self.at;
        let attributes = self.attributes();
        let visibility = self.visibility();
        let begin = self.at;
        let Some((kind, name)) = self.keyword() else {
            self.at += 1;
            return None;
        };
        let (head_end, body) = self.rest(kind);
        let head = self.tokens.get(begin..head_end).unwrap_or_default();
        Some(Item {
            kind,
            name,
            visibility,
            is_test: attributes.iter().any(|attribute| is_for_tests(attribute)),
            path: attributes.iter().find_map(|attribute| path(attribute)),
            line: head.first().map_or(0, |token| token.line),
            all: self.tokens.get(first..self.at).unwrap_or_default(),
            head,
            body,
        })
    }

    /// The tokens between the brackets of each attribute.
    fn attributes(&mut self) -> Vec<&'t [Token<'a>]> {
        let mut attributes = Vec::new();
        while self.is("#") {
            self.at += 1;
            if self.is("!") {
                self.at += 1;
            }
            attributes.push(self.group());
        }
        attributes
    }

    fn visibility(&mut self) -> Visibility {
        if !self.is("pub") {
            return Visibility::Private;
        }
        self.at += 1;
        if !self.is("(") {
            return Visibility::Public;
        }
        self.group();
        Visibility::Restricted
    }

    /// What the item is and its name; stays at the first word.
    fn keyword(&self) -> Option<(ItemKind, &'a str)> {
        let mut at = self.at;
        loop {
            let word = self.tokens.get(at)?;
            let next = self.tokens.get(at + 1);
            let name = next.map_or("", |token| token.text);
            let kind = match word.text {
                "mod" => ItemKind::Module,
                "use" => return Some((ItemKind::Use, "")),
                "fn" => ItemKind::Function,
                "struct" | "union" => ItemKind::Struct,
                "enum" => ItemKind::Enum,
                "trait" => ItemKind::Trait,
                "type" => ItemKind::Type,
                "impl" => return Some((ItemKind::Impl, "")),
                "macro_rules" => return Some((ItemKind::Macro, self.tokens.get(at + 2)?.text)),
                "static" | "const" if !matches!(name, "fn" | "unsafe" | "async" | "extern") => {
                    let name = if name == "mut" {
                        self.tokens.get(at + 2)?.text
                    } else {
                        name
                    };
                    return Some((ItemKind::Const, name));
                }
                "const" | "unsafe" | "async" | "extern" | "default" | "auto" => {
                    // `extern "C"` stands before functions and blocks of them.
                    at += if next.is_some_and(|token| token.kind == Kind::Text) {
                        2
                    } else {
                        1
                    };
                    continue;
                }
                "crate" => return Some((ItemKind::Use, "")),
                _ if word.kind == Kind::Ident && self.is_call(at) => return Some((ItemKind::Call, "")),
                _ => return None,
            };
            return Some((kind, name));
        }
    }

    /// `name!` or `path::name!`.
    fn is_call(&self, mut at: usize) -> bool {
        while self.tokens.get(at + 1).is_some_and(|token| token.is("::")) {
            at += 2;
        }
        self.tokens.get(at + 1).is_some_and(|token| token.is("!"))
    }

    /// Goes behind the item; where its body begins, and the body.
    fn rest(&mut self, kind: ItemKind) -> (usize, Option<&'t [Token<'a>]>) {
        // Braces in the value of a constant or in a tree of names do not end the item.
        let ends_with_semicolon = matches!(kind, ItemKind::Use | ItemKind::Const | ItemKind::Type);
        while let Some(token) = self.tokens.get(self.at) {
            if token.is(";") {
                self.at += 1;
                return (self.at - 1, None);
            }
            if token.is("{") && !ends_with_semicolon {
                let head_end = self.at;
                return (head_end, Some(self.group()));
            }
            if ["(", "[", "{"].iter().any(|open| token.is(open)) {
                self.group();
            } else {
                self.at += 1;
            }
        }
        (self.at, None)
    }

    /// Goes behind the bracket that closes the one here; what stands between.
    fn group(&mut self) -> &'t [Token<'a>] {
        let begin = self.at + 1;
        let length = group_length(self.tokens.get(self.at..).unwrap_or_default());
        self.at += length.max(1);
        self.tokens
            .get(begin..(self.at - 1).max(begin))
            .unwrap_or_default()
    }

    fn is(&self, text: &str) -> bool {
        self.tokens.get(self.at).is_some_and(|token| token.is(text))
    }
}

/// Number of tokens of the group that begins with the first one, brackets included.
pub(crate) fn group_length(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        if token.kind == Kind::Punct {
            match token.text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        if depth == 0 {
            return index + 1;
        }
    }
    tokens.len()
}

/// `#[test]`, `#[tokio::test]`, `#[cfg(test)]`, `#[cfg(all(test, ...))]`. Other builds can satisfy `any`.
pub(crate) fn is_for_tests(attribute: &[Token<'_>]) -> bool {
    let words: Vec<&str> = attribute
        .iter()
        .filter(|token| token.kind == Kind::Ident)
        .map(|token| token.text)
        .collect();
    match words.as_slice() {
        ["cfg", rest @ ..] => rest.contains(&"test") && !rest.contains(&"any") && !rest.contains(&"not"),
        ["test" | "bench", ..] => true,
        [_, "test", ..] => attribute.get(1).is_some_and(|token| token.is("::")),
        _ => false,
    }
}

fn path<'a>(attribute: &[Token<'a>]) -> Option<&'a str> {
    match attribute {
        [word, equals, value] if word.is("path") && equals.is("=") => Some(value.text.trim_matches('"')),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::lexer;

    fn read(text: &str) -> Vec<(ItemKind, String, Visibility, bool)> {
        let tokens = lexer::tokens(text);
        outline(&tokens)
            .into_iter()
            .map(|item| (item.kind, item.name.to_owned(), item.visibility, item.is_test))
            .collect()
    }

    #[test]
    fn items() {
        use ItemKind::{Call, Const, Enum, Function, Impl, Macro, Module, Struct, Trait, Type, Use};
        use Visibility::{Private, Public, Restricted};
        let cases: &[(&str, ItemKind, &str, Visibility)] = &[
            ("mod a;", Module, "a", Private),
            ("#[path = \"b.rs\"] pub mod a;", Module, "a", Public),
            ("mod a { fn b() {} }", Module, "a", Private),
            ("pub(crate) use a::{b, c::{d}};", Use, "", Restricted),
            (
                "pub const fn f<const N: usize>(a: [u8; 3]) -> u8 { 1 }",
                Function,
                "f",
                Public,
            ),
            ("unsafe extern \"C\" fn f();", Function, "f", Private),
            ("pub async fn f() where A: B {}", Function, "f", Public),
            ("#[derive(A)] pub struct S<T>(pub T);", Struct, "S", Public),
            ("struct S { a: u8 }", Struct, "S", Private),
            ("enum E { A(u8), B { c: u8 } }", Enum, "E", Private),
            ("pub trait T { fn f(); }", Trait, "T", Public),
            ("type A = B<{ 1 }>;", Type, "A", Private),
            ("const C: S = S { a: 1 };", Const, "C", Private),
            ("static mut C: u8 = 1;", Const, "C", Private),
            ("impl<T> A for B<T> where T: C { fn f() {} }", Impl, "", Private),
            ("macro_rules! m { () => {} }", Macro, "m", Private),
            ("a::b! { struct S; }", Call, "", Private),
            ("a!(b);", Call, "", Private),
        ];
        for (text, kind, name, visibility) in cases {
            // What follows must not be swallowed.
            let found = read(&format!("{text} fn last() {{}}"));
            assert_eq!(
                found[0],
                (*kind, (*name).to_owned(), *visibility, false),
                "{text}"
            );
            assert_eq!(found[1].1, "last", "{text}");
            assert_eq!(found.len(), 2, "{text}");
        }
    }

    #[test]
    fn tests_are_known() {
        for (attribute, expected) in [
            ("#[cfg(test)]", true),
            ("#[cfg(all(test, unix))]", true),
            ("#[test]", true),
            ("#[tokio::test(start_paused = true)]", true),
            ("#[cfg(any(test, feature = \"a\"))]", false),
            ("#[cfg(not(test))]", false),
            ("#[must_use]", false),
            ("#[expect(test)]", false),
        ] {
            assert_eq!(
                read(&format!("{attribute} fn f() {{}}"))[0].3,
                expected,
                "{attribute}"
            );
        }
    }

    #[test]
    fn bodies() {
        let tokens = lexer::tokens("impl A { fn f(&self) {} pub fn g() {} } fn h();");
        let items = outline(&tokens);
        let inner: Vec<&str> = outline(items[0].body.unwrap())
            .iter()
            .map(|item| item.name)
            .collect();
        assert_eq!(inner, ["f", "g"]);
        assert!(items[1].body.is_none());
    }
}
