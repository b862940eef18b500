//! The grammar of the text form (`k8s.io/apimachinery/pkg/labels.Parse`):
//!
//! ```text
//! selector    = [ requirement *( "," requirement ) ]
//! requirement = "!" key
//!             / key [ ( "=" / "==" / "!=" / ">" / "<" ) [ value ] / ( "in" / "notin" ) "(" values ")" ]
//! values      = [ value ] *( "," [ value ] )
//! ```

use super::error::SelectorError;
use super::labels;
use super::requirement::{self, Requirement};

const OPERATORS: &str = "in, notin, =, ==, !=, gt, lt";

/// Parses a whole selector, in the order of the text.
pub(super) fn requirements(text: &str) -> Result<Vec<Requirement>, SelectorError> {
    let mut parser = Parser {
        tokens: tokens(text),
        next: 0,
    };
    parser.selector()
}

fn is_symbol(c: char) -> bool {
    matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Symbols (`==` and `!=` are one) and words, without the space between them.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start_matches(is_space);
    while !rest.is_empty() {
        let length = if rest.starts_with("==") || rest.starts_with("!=") {
            2
        } else if rest.starts_with(is_symbol) {
            1
        } else {
            rest.find(|c| is_symbol(c) || is_space(c)).unwrap_or(rest.len())
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token);
        rest = after.trim_start_matches(is_space);
    }
    tokens
}

/// Reads tokens; the empty token is the end of the text.
struct Parser<'a> {
    tokens: Vec<&'a str>,
    next: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> &'a str {
        self.tokens.get(self.next).copied().unwrap_or_default()
    }

    fn take(&mut self) -> &'a str {
        let token = self.peek();
        self.next += 1;
        token
    }

    fn selector(&mut self) -> Result<Vec<Requirement>, SelectorError> {
        let mut all = Vec::new();
        if self.peek().is_empty() {
            return Ok(all);
        }
        if !starts_requirement(self.peek()) {
            return unexpected(self.peek(), "!, identifier, or 'end of string'");
        }
        loop {
            let one = self.requirement();
            all.push(one.map_err(|error| SelectorError::Requirement(Box::new(error)))?);
            match self.take() {
                "" => return Ok(all),
                "," if starts_requirement(self.peek()) => {}
                "," => return unexpected(self.peek(), "identifier after ','"),
                other => return unexpected(other, "',' or 'end of string'"),
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, SelectorError> {
        let absent = self.peek() == "!";
        if absent {
            self.take();
        }
        let key = self.key()?;
        let (operator, values) = if absent {
            ("!", Vec::new())
        } else if matches!(self.peek(), "" | ",") {
            ("exists", Vec::new())
        } else {
            self.operator_and_values()?
        };
        requirement::checked(key, operator, values)
    }

    fn key(&mut self) -> Result<&'a str, SelectorError> {
        let key = self.take();
        if !is_word(key) {
            return unexpected(key, "identifier");
        }
        // Kubernetes prints the missing field path of a key this way.
        match labels::check_key("<nil>", key) {
            Some(invalid) => Err(SelectorError::Invalid(vec![invalid])),
            None => Ok(key),
        }
    }

    fn operator_and_values(&mut self) -> Result<(&'a str, Vec<String>), SelectorError> {
        let operator = self.take();
        let values = match operator {
            "in" | "notin" => self.values()?,
            "=" | "==" | "!=" | ">" | "<" => vec![self.value()?],
            other => return unexpected(other, OPERATORS),
        };
        Ok((operator, values))
    }

    fn value(&mut self) -> Result<String, SelectorError> {
        if matches!(self.peek(), "" | ",") {
            return Ok(String::new());
        }
        match self.take() {
            word if is_word(word) => Ok(word.to_owned()),
            other => unexpected(other, "identifier"),
        }
    }

    /// Values in parentheses. A missing one, as in `(a,,b)` or `()`, is the empty value, as in Kubernetes.
    fn values(&mut self) -> Result<Vec<String>, SelectorError> {
        match self.take() {
            "(" => {}
            other => return Err(SelectorError::NoParenthesis(other.to_owned())),
        }
        if !matches!(self.peek(), "," | ")") && !is_word(self.peek()) {
            return unexpected(self.peek(), "',', ')' or identifier");
        }
        let mut values = Vec::new();
        loop {
            values.push(self.member()?);
            match self.take() {
                ")" => break,
                "," => {}
                other => return unexpected(other, "',' or ')'"),
            }
        }
        // A set in Kubernetes: its order decides which index an error names.
        values.sort();
        values.dedup();
        Ok(values)
    }

    fn member(&mut self) -> Result<String, SelectorError> {
        match self.peek() {
            "," | ")" => Ok(String::new()),
            word if is_word(word) => Ok(self.take().to_owned()),
            other => unexpected(other, "',', or identifier"),
        }
    }
}

fn unexpected<T>(found: &str, expected: &'static str) -> Result<T, SelectorError> {
    Err(SelectorError::Unexpected {
        found: found.to_owned(),
        expected,
    })
}

fn is_word(token: &str) -> bool {
    !token.is_empty() && !token.starts_with(is_symbol)
}

fn starts_requirement(token: &str) -> bool {
    token == "!" || is_word(token)
}
