//! The names that tokens of a module import and use.

use crate::source::{Kind, Token, Visibility, group_length};

/// `use path as name`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Import {
    /// Name in the module; empty for `*`.
    pub(crate) name: String,
    pub(crate) path: Vec<String>,
    /// Who sees it through the module.
    pub(crate) visibility: Visibility,
    pub(crate) line: usize,
}

/// A path of at least two names in code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Named {
    pub(crate) path: Vec<String>,
    pub(crate) line: usize,
}

/// What some tokens name.
#[derive(Default)]
pub(crate) struct Names {
    pub(crate) imports: Vec<Import>,
    pub(crate) paths: Vec<Named>,
    /// Names that stand alone.
    pub(crate) words: Vec<String>,
}

impl Names {
    /// Adds what an item names.
    pub(crate) fn read(&mut self, tokens: &[Token<'_>], visibility: Visibility) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let next = tokens.get(at + 1);
            // `use<'a>` among bounds imports nothing.
            if token.is("use") && !next.is_some_and(|next| next.is("<")) {
                let end = tokens.iter().skip(at).position(|token| token.is(";"));
                let end = at + end.unwrap_or(tokens.len() - at);
                let tree = tokens.get(at + 1..end).unwrap_or_default();
                self.tree(tree, &[], visibility);
                at = end + 1;
            } else if token.kind == Kind::Ident && !follows_a_value(tokens, at) {
                at += self.path(tokens.get(at..).unwrap_or_default());
            } else {
                at += 1;
            }
        }
    }

    /// Reads the path at the start; number of its tokens.
    fn path(&mut self, tokens: &[Token<'_>]) -> usize {
        let Some(first) = tokens.first() else {
            return 1;
        };
        let path = leading_path(tokens);
        let length = path.len() * 2 - 1;
        if path.len() > 1 {
            self.paths.push(Named {
                path,
                line: first.line,
            });
        } else {
            self.words.extend(path);
        }
        length
    }

    /// Reads a tree of imports below a prefix.
    fn tree(&mut self, tokens: &[Token<'_>], prefix: &[String], visibility: Visibility) {
        let Some(first) = tokens.first() else {
            return;
        };
        let mut path = prefix.to_vec();
        path.extend(leading_path(tokens));
        let here = path.len() - prefix.len();
        // Names and what separates them; `a::b` is followed by `::{`, `::*`, `as c` or nothing.
        let rest = tokens.get((here * 2).saturating_sub(1)..).unwrap_or_default();
        let rest = if rest.first().is_some_and(|token| token.is("::")) {
            rest.get(1..).unwrap_or_default()
        } else {
            rest
        };
        match rest {
            [open, ..] if open.is("{") => {
                for branch in branches(rest) {
                    self.tree(branch, &path, visibility);
                }
            }
            [star, ..] if star.is("*") => self.import("", path, visibility, first.line),
            [_as, name, ..] => self.import(name.text, path, visibility, first.line),
            _ => {
                if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
                    path.pop();
                }
                let name = path.last().cloned().unwrap_or_default();
                self.import(&name, path, visibility, first.line);
            }
        }
    }

    fn import(&mut self, name: &str, path: Vec<String>, visibility: Visibility, line: usize) {
        self.imports.push(Import {
            name: name.to_owned(),
            path,
            visibility,
            line,
        });
    }
}

/// Is the name here a field or a method, or does it belong to a path of another crate or of a macro?
fn follows_a_value(tokens: &[Token<'_>], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at));
    let is = |back, text| before(back).is_some_and(|token| token.is(text));
    is(1, "::") || is(1, "$") || is(1, ".") && !is(2, ".")
}

/// The names at the start that `::` joins.
fn leading_path(tokens: &[Token<'_>]) -> Vec<String> {
    let mut path = Vec::new();
    for pair in tokens.chunks(2) {
        match pair {
            [name, rest @ ..] if name.kind == Kind::Ident => {
                path.push(name.text.to_owned());
                if !rest.first().is_some_and(|token| token.is("::")) {
                    break;
                }
            }
            _ => break,
        }
    }
    path
}

/// The parts between commas of a group in braces.
fn branches<'t, 'a>(group: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let end = group_length(group).saturating_sub(1);
    let inner = group.get(1..end).unwrap_or_default();
    let mut depth = 0_usize;
    inner
        .split(|token| {
            depth += usize::from(token.is("{"));
            depth -= usize::from(token.is("}") && depth > 0);
            depth == 0 && token.is(",")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::tokens;

    fn imports(text: &str) -> Vec<(String, String)> {
        let mut names = Names::default();
        names.read(&tokens(text), Visibility::Private);
        names
            .imports
            .into_iter()
            .map(|import| (import.name, import.path.join("::")))
            .collect()
    }

    #[test]
    fn trees() {
        let cases: &[(&str, &[(&str, &str)])] = &[
            ("use a;", &[("a", "a")]),
            ("use a::b;", &[("b", "a::b")]),
            ("use a::b as c;", &[("c", "a::b")]),
            ("use a::B as _;", &[("_", "a::B")]),
            ("use a::*;", &[("", "a")]),
            (
                "use a::{self, b, c::{d, e::*}};",
                &[("a", "a"), ("b", "a::b"), ("d", "a::c::d"), ("", "a::c::e")],
            ),
            ("fn f() { use super::a; a() }", &[("a", "super::a")]),
            ("fn f() -> impl A + use<'a> {}", &[]),
        ];
        for (text, expected) in cases {
            let expected: Vec<(String, String)> = expected
                .iter()
                .map(|(name, path)| ((*name).to_owned(), (*path).to_owned()))
                .collect();
            assert_eq!(imports(text), expected, "{text}");
        }
    }

    #[test]
    fn paths() {
        let mut names = Names::default();
        let text = "let a = crate::b::C::new(d.e::<F>(), 0..super::G, matches!(h, i::J), $crate::k);";
        names.read(&tokens(text), Visibility::Private);
        let paths: Vec<String> = names.paths.iter().map(|named| named.path.join("::")).collect();
        assert_eq!(paths, ["crate::b::C::new", "super::G", "i::J"]);
        assert!(names.words.contains(&"F".to_owned()));
        assert!(!names.words.contains(&"e".to_owned()));
    }
}
