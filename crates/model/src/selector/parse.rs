//! The grammar of the text form (`k8s.io/apimachinery/pkg/labels.Parse`):
//!
//! ```text
//! selector    = [ requirement *( "," requirement ) ]
//! requirement = "!" key
//!             / key [ ( "=" / "==" / "!=" / ">" / "<" ) [ value ] / ( "in" / "notin" ) "(" values ")" ]
//! values      = [ value ] *( "," [ value ] )
//! ```

use super::{Requirement, SelectorError, labels, requirement};

const OPERATORS: &str = "in, notin, =, ==, !=, gt, lt";

/// Parses a whole selector, in the order of the text.
pub(super) fn requirements(text: &str) -> Result<Vec<Requirement>, SelectorError> {
    let mut parser = Parser {
        tokens: tokens(text),
        next: 0,
    };
    parser.selector().map_err(SelectorError)
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

    fn selector(&mut self) -> Result<Vec<Requirement>, String> {
        let mut all = Vec::new();
        if self.peek().is_empty() {
            return Ok(all);
        }
        if !starts_requirement(self.peek()) {
            return Err(format!(
                "found '{}', expected: !, identifier, or 'end of string'",
                self.peek()
            ));
        }
        loop {
            let one = self.requirement();
            all.push(one.map_err(|fault| format!("unable to parse requirement: {fault}"))?);
            match self.take() {
                "" => return Ok(all),
                "," if starts_requirement(self.peek()) => {}
                "," => return Err(format!("found '{}', expected: identifier after ','", self.peek())),
                other => return Err(format!("found '{other}', expected: ',' or 'end of string'")),
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
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
        requirement::checked(key, operator, values).map_err(|fault| fault.0)
    }

    fn key(&mut self) -> Result<&'a str, String> {
        let key = self.take();
        if !is_word(key) {
            return Err(format!("found '{key}', expected: identifier"));
        }
        // Kubernetes prints the missing field path of a key this way.
        match labels::key_faults("<nil>", key) {
            Some(fault) => Err(fault),
            None => Ok(key),
        }
    }

    fn operator_and_values(&mut self) -> Result<(&'a str, Vec<String>), String> {
        let operator = self.take();
        let values = match operator {
            "in" | "notin" => self.values()?,
            "=" | "==" | "!=" | ">" | "<" => vec![self.value()?],
            other => return Err(format!("found '{other}', expected: {OPERATORS}")),
        };
        Ok((operator, values))
    }

    fn value(&mut self) -> Result<String, String> {
        if matches!(self.peek(), "" | ",") {
            return Ok(String::new());
        }
        match self.take() {
            word if is_word(word) => Ok(word.to_owned()),
            other => Err(format!("found '{other}', expected: identifier")),
        }
    }

    /// Values in parentheses; a missing one, as in `(a,,b)` or `()`, is the empty value.
    fn values(&mut self) -> Result<Vec<String>, String> {
        match self.take() {
            "(" => {}
            other => return Err(format!("found '{other}' expected: '('")),
        }
        if !matches!(self.peek(), "," | ")") && !is_word(self.peek()) {
            return Err(format!(
                "found '{}', expected: ',', ')' or identifier",
                self.peek()
            ));
        }
        let mut values = Vec::new();
        loop {
            values.push(self.member()?);
            match self.take() {
                ")" => break,
                "," => {}
                other => return Err(format!("found '{other}', expected: ',' or ')'")),
            }
        }
        values.sort();
        values.dedup();
        Ok(values)
    }

    fn member(&mut self) -> Result<String, String> {
        match self.peek() {
            "," | ")" => Ok(String::new()),
            word if is_word(word) => Ok(self.take().to_owned()),
            other => Err(format!("found '{other}', expected: ',', or identifier")),
        }
    }
}

fn is_word(token: &str) -> bool {
    !token.is_empty() && !token.starts_with(is_symbol)
}

fn starts_requirement(token: &str) -> bool {
    token == "!" || is_word(token)
}
