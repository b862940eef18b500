//! What an item offers to other crates, and which names stand in its public face.

use std::collections::BTreeSet;

use crate::source::{Item, ItemKind, Kind, Token, Visibility, group_length, outline};

/// What a definition is to others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DefinitionKind {
    /// Something that can be named.
    Item,
    /// An implementation of a type's own functions; the name is the type's.
    Inherent,
    /// An implementation of a trait; the name is the type's.
    OfTrait,
}

/// An item as others see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Definition {
    pub(crate) kind: DefinitionKind,
    pub(crate) name: String,
    pub(crate) visibility: Visibility,
    pub(crate) line: usize,
    /// Names in what others see of it: parameters, results, public fields, bounds.
    pub(crate) face: BTreeSet<String>,
    /// Public functions of an implementation; its constants are values of the type, like an enum's variants.
    pub(crate) members: Vec<Definition>,
}

/// Reads an item; `use`, modules and macros define nothing of this kind.
pub(crate) fn definition(item: &Item<'_, '_>) -> Option<Definition> {
    let (kind, name, members) = match item.kind {
        ItemKind::Module | ItemKind::Use | ItemKind::Macro | ItemKind::Call => return None,
        ItemKind::Impl => {
            let (kind, name) = implemented(item.head)?;
            (kind, name, members(item))
        }
        _ => (DefinitionKind::Item, item.name.to_owned(), Vec::new()),
    };
    Some(Definition {
        kind,
        name,
        visibility: item.visibility,
        line: item.line,
        face: face(item),
        members,
    })
}

fn members(item: &Item<'_, '_>) -> Vec<Definition> {
    outline(item.body.unwrap_or_default())
        .iter()
        .filter(|member| member.kind == ItemKind::Function && member.visibility == Visibility::Public)
        .filter_map(definition)
        .collect()
}

/// Whose implementation this is: the last name of the type before its parameters.
fn implemented(head: &[Token<'_>]) -> Option<(DefinitionKind, String)> {
    let plain = without_parameters(head.get(1..)?);
    let end = plain.iter().position(|token| token.is("where"));
    let plain = plain.get(..end.unwrap_or(plain.len()))?;
    let split = plain.iter().position(|token| token.is("for"));
    let (kind, of) = match split {
        Some(at) => (DefinitionKind::OfTrait, plain.get(at + 1..)?),
        None => (DefinitionKind::Inherent, plain),
    };
    let name = of.iter().rfind(|token| token.kind == Kind::Ident)?;
    Some((kind, name.text.to_owned()))
}

/// What stands outside of all `<...>`; the `>` of `->` closes nothing.
fn without_parameters<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut depth = 0_usize;
    let mut plain = Vec::new();
    let mut before = None;
    for token in tokens {
        if token.is("<") {
            depth += 1;
        } else if token.is(">") && before != Some("-") {
            depth = depth.saturating_sub(1);
        } else if depth == 0 {
            plain.push(*token);
        }
        before = Some(token.text);
    }
    plain
}

fn face(item: &Item<'_, '_>) -> BTreeSet<String> {
    let body = item.body.unwrap_or_default();
    let mut seen: Vec<Token<'_>> = Vec::new();
    match item.kind {
        ItemKind::Struct => {
            seen.extend(item.head.iter().take_while(|token| !token.is("(")));
            seen.extend(public_fields(item.head));
            seen.extend(public_fields(body));
        }
        ItemKind::Enum | ItemKind::Trait => seen.extend(item.head.iter().chain(body)),
        ItemKind::Const => seen.extend(item.head.iter().take_while(|token| !token.is("="))),
        ItemKind::Impl => {
            seen.extend(item.head);
            let types = outline(body)
                .into_iter()
                .filter(|inner| inner.kind == ItemKind::Type);
            seen.extend(types.flat_map(|inner| inner.head));
        }
        _ => seen.extend(item.head),
    }
    seen.iter()
        .filter(|token| token.kind == Kind::Ident && token.text != item.name)
        .map(|token| token.text.to_owned())
        .collect()
}

/// What follows each `pub` up to the comma.
fn public_fields<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        let is_public = token.is("pub") && !tokens.get(at).is_some_and(|next| next.is("("));
        while is_public && tokens.get(at).is_some_and(|token| !token.is(",")) {
            let rest = tokens.get(at..).unwrap_or_default();
            let is_group = ["(", "["]
                .iter()
                .any(|open| rest.first().is_some_and(|token| token.is(open)));
            let length = if is_group { group_length(rest) } else { 1 };
            found.extend(rest.iter().take(length));
            at += length;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::tokens;

    fn read(text: &str) -> Definition {
        let tokens = tokens(text);
        definition(&outline(&tokens)[0]).unwrap()
    }

    #[test]
    fn faces() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("pub fn f(a: A) -> B { C }", &["A", "B"], &["C"]),
            ("pub struct S<T: A> { pub b: Vec<B>, c: C }", &["A", "B"], &["C"]),
            ("pub struct S(pub A, B);", &["A"], &["B"]),
            (
                "pub struct S { pub(crate) a: A, pub b: (B, C) }",
                &["B", "C"],
                &["A"],
            ),
            ("pub enum E { A(B) }", &["A", "B"], &[]),
            ("pub const C: A = B;", &["A"], &["B"]),
            (
                "impl A for B { type C = D; fn f() -> E {} }",
                &["A", "C", "D"],
                &["E"],
            ),
        ];
        for (text, seen, hidden) in cases {
            let face = read(text).face;
            assert!(seen.iter().all(|name| face.contains(*name)), "{text}: {face:?}");
            assert!(
                !hidden.iter().any(|name| face.contains(*name)),
                "{text}: {face:?}"
            );
        }
    }

    #[test]
    fn implementations() {
        use DefinitionKind::{Inherent, OfTrait};
        for (text, kind, name) in [
            ("impl A { pub fn f() {} }", Inherent, "A"),
            (
                "impl<T: Fn() -> U> a::B<T> where T: C { pub fn f() {} fn g() {} }",
                Inherent,
                "B",
            ),
            ("impl<'a> From<A> for B<'a> { fn f() {} }", OfTrait, "B"),
        ] {
            let read = read(text);
            assert_eq!((read.kind, read.name.as_str()), (kind, name), "{text}");
            assert_eq!(read.members.len(), usize::from(kind == Inherent), "{text}");
        }
    }
}
