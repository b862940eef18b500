//! Functions with a body: their lines and parameters.

use crate::source::{Kind, Token, group_length};

/// One function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Function {
    /// From `fn` to the brace that closes it.
    pub(super) lines: usize,
    /// `self` is one of them.
    pub(super) parameters: usize,
}

/// All functions in tokens that are no comments, inner ones too.
pub(super) fn functions(tokens: &[Token<'_>]) -> Vec<Function> {
    (0..tokens.len()).filter_map(|at| function(tokens, at)).collect()
}

fn function(tokens: &[Token<'_>], at: usize) -> Option<Function> {
    let (keyword, name) = (tokens.get(at)?, tokens.get(at + 1)?);
    if !keyword.is("fn") || name.kind != Kind::Ident {
        return None;
    }
    let open = parameters_begin(tokens, at + 2)?;
    let group = tokens.get(open..)?;
    let group = group.get(..group_length(group))?;
    let mut end = open + group.len();
    while !tokens.get(end)?.is("{") {
        let here = tokens.get(end)?;
        if here.is(";") {
            return None;
        }
        let is_group = here.is("(") || here.is("[");
        end += if is_group {
            group_length(tokens.get(end..)?)
        } else {
            1
        };
    }
    let last = end + group_length(tokens.get(end..)?) - 1;
    Some(Function {
        lines: tokens.get(last)?.line - keyword.line + 1,
        parameters: parameters(group),
    })
}

/// The parenthesis behind the generic parameters; those may have some, too: `fn f<F: Fn(A) -> B>(f: F)`.
fn parameters_begin(tokens: &[Token<'_>], from: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut before = "";
    for (index, token) in tokens.iter().enumerate().skip(from) {
        match token.text {
            "<" => depth += 1,
            ">" if before != "-" => depth = depth.saturating_sub(1),
            "(" if depth == 0 => return Some(index),
            "{" | ";" if depth == 0 => return None,
            _ => {}
        }
        before = token.text;
    }
    None
}

/// Parameters of a group; commas inside of types do not count.
fn parameters(group: &[Token<'_>]) -> usize {
    let inner = group.get(1..group.len().saturating_sub(1)).unwrap_or_default();
    let mut depth = 0_usize;
    let mut before = "";
    let mut count = 0;
    let mut is_begun = false;
    for token in inner {
        match token.text {
            "(" | "[" | "{" | "<" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            ">" if before != "-" => depth = depth.saturating_sub(1),
            _ => {}
        }
        let separates = depth == 0 && token.is(",");
        count += usize::from(!is_begun && !separates);
        is_begun = !separates;
        before = token.text;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::tokens;

    #[test]
    fn lines_and_parameters() {
        for (text, expected) in [
            ("fn f() {}", &[(1, 0)][..]),
            (
                "fn f(\n    &self,\n    a: HashMap<A, B>,\n) -> [u8; 3]\n{\n}\n",
                &[(6, 2)],
            ),
            ("fn f<F: Fn(A, B) -> C>(f: F) where A: B<C> {}", &[(1, 1)]),
            (
                "trait T { fn f(a: A); fn g(b: (B, C), c: impl Fn() -> D) {} }",
                &[(1, 2)],
            ),
            ("fn f() {\n    fn g(a: A) {}\n}", &[(3, 0), (1, 1)]),
            ("type F = fn(A) -> B;", &[]),
        ] {
            let found: Vec<(usize, usize)> = functions(&tokens(text))
                .iter()
                .map(|function| (function.lines, function.parameters))
                .collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
