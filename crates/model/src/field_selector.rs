//! Field selectors: `fieldSelector=metadata.name=web,spec.nodeName!=node-1`
//! (`k8s.io/apimachinery/pkg/fields`).

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

/// The fields that every kind can be selected by.
const COMMON: [&str; 2] = ["metadata.name", "metadata.namespace"];

/// A conjunction of terms; empty selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector {
    /// All must hold; in the order of their text.
    pub terms: Vec<FieldTerm>,
}

/// One comparison of a field with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldTerm {
    /// Dotted path, for instance `spec.nodeName`.
    pub field: Box<str>,
    /// The value, without escapes; a missing field counts as the empty value.
    pub value: Box<str>,
    /// `=` and `==`, or `!=`.
    pub equal: bool,
}

/// What is wrong with a field selector, in the words of the Kubernetes API.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldSelectorError {
    /// A term has no operator.
    #[error("invalid selector: '{selector}'; can't understand '{term}'")]
    Term {
        /// The whole text.
        selector: String,
        /// The term at fault.
        term: String,
    },
    /// A backslash stands before another character than a comma, an equals sign or a backslash.
    #[error("invalid field selector: invalid escape sequence: {0}")]
    Escape(String),
    /// An equals sign in a value without a backslash; Kubernetes prints its code point.
    #[error("invalid field selector: unescaped character in value: {}", u32::from(*.0))]
    Unescaped(char),
    /// The kind has only the two common fields.
    #[error("{0:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")]
    Unknown(String),
    /// The kind has selectable fields of its own, but not this one.
    #[error("field label not supported: {0}")]
    NotSupported(String),
}

impl FieldSelector {
    /// Reads the text form; backslashes escape commas, equals signs and backslashes in values.
    ///
    /// # Errors
    /// A term has no operator, or a value is escaped wrongly.
    pub fn parse(text: &str) -> Result<Self, FieldSelectorError> {
        let mut terms = split_unescaped(text);
        // Kubernetes sorts them, which decides which wrong term its error names.
        terms.sort_unstable();
        let terms = terms.into_iter().filter(|term| !term.is_empty());
        let terms = terms
            .map(|term| FieldTerm::parse(text, term))
            .collect::<Result<_, _>>()?;
        Ok(Self { terms })
    }

    /// Checks that a kind can be selected by these fields. `supported` are all its selectable fields, the two
    /// common ones included.
    ///
    /// # Errors
    /// Names the first field that is not supported.
    pub fn check(&self, supported: &[&str]) -> Result<(), FieldSelectorError> {
        let Some(term) = self.terms.iter().find(|term| !supported.contains(&&*term.field)) else {
            return Ok(());
        };
        let field = term.field.to_string();
        if supported.iter().all(|one| COMMON.contains(one)) {
            Err(FieldSelectorError::Unknown(field))
        } else {
            Err(FieldSelectorError::NotSupported(field))
        }
    }

    /// Whether it selects everything.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether an object fulfils all terms, by the dotted paths of the fields.
    pub fn matches(&self, object: &Value) -> bool {
        self.matches_with(|field| text_at(object, field))
    }

    /// Whether fields, looked up by name, fulfil all terms.
    pub fn matches_with<'a>(&self, text: impl Fn(&str) -> Option<Cow<'a, str>>) -> bool {
        self.terms
            .iter()
            .all(|term| (text(&term.field).unwrap_or_default() == term.value.as_ref()) == term.equal)
    }

    /// The value that a field must have, if a term says so.
    pub fn required(&self, field: &str) -> Option<&str> {
        let term = self
            .terms
            .iter()
            .find(|term| term.equal && *term.field == *field)?;
        Some(&term.value)
    }
}

impl FieldTerm {
    fn parse(selector: &str, term: &str) -> Result<Self, FieldSelectorError> {
        // The first operator counts, as in Kubernetes (`splitTerm`): in values they are escaped.
        let at = term.find("!=").into_iter().chain(term.find('=')).min();
        let Some(at) = at else {
            return Err(FieldSelectorError::Term {
                selector: selector.to_owned(),
                term: term.to_owned(),
            });
        };
        let (field, rest) = term.split_at(at);
        let after = |operator| rest.strip_prefix(operator);
        let value = after("!=")
            .or_else(|| after("=="))
            .or_else(|| after("="))
            .unwrap_or_default();
        Ok(Self {
            field: field.into(),
            value: unescape(value)?.into(),
            equal: !rest.starts_with('!'),
        })
    }
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, term) in self.terms.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let operator = if term.equal { "=" } else { "!=" };
            let value = term.value.replace('\\', r"\\").replace(',', r"\,");
            write!(
                out,
                "{comma}{}{operator}{}",
                term.field,
                value.replace('=', r"\=")
            )?;
        }
        Ok(())
    }
}

fn split_unescaped(text: &str) -> Vec<&str> {
    let mut escaped = false;
    text.split(|letter| {
        let separates = letter == ',' && !escaped;
        escaped = letter == '\\' && !escaped;
        separates
    })
    .collect()
}

fn unescape(text: &str) -> Result<String, FieldSelectorError> {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some(escaped @ ('\\' | ',' | '=')) => out.push(escaped),
                Some(other) => return Err(FieldSelectorError::Escape(format!("\\{other}"))),
                None => return Err(FieldSelectorError::Escape("\\".into())),
            },
            ',' | '=' => return Err(FieldSelectorError::Unescaped(letter)),
            other => out.push(other),
        }
    }
    Ok(out)
}

/// The text of a scalar at a dotted path.
fn text_at<'a>(object: &'a Value, path: &str) -> Option<Cow<'a, str>> {
    let value = path.split('.').try_fold(object, |value, name| value.get(name))?;
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Bool(_) | Value::Number(_) => Some(Cow::Owned(value.to_string())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn selects_by_path() {
        let pod = json!({"metadata": {"name": "a"}, "spec": {"nodeName": "n1", "hostNetwork": true}, "status": {"replicas": 2}});
        for (selector, expected) in [
            ("", true),
            (",", true),
            ("metadata.name=a", true),
            ("metadata.name==a", true),
            ("metadata.name=b", false),
            ("metadata.name!=b,spec.nodeName=n1", true),
            ("metadata.name!=b,spec.nodeName=n2", false),
            ("spec.hostNetwork=true", true),
            ("status.replicas=2", true),
            ("spec.missing=", true),
            ("spec.missing!=", false),
            ("spec=x", false),
            (r"metadata.name=a\,b", false),
        ] {
            assert_eq!(
                FieldSelector::parse(selector).unwrap().matches(&pod),
                expected,
                "{selector}"
            );
        }
    }

    #[test]
    fn errors_of_the_grammar() {
        for (selector, message) in [
            (
                "metadata.name",
                "invalid selector: 'metadata.name'; can't understand 'metadata.name'",
            ),
            (
                "a=b,metadata.name in (m1)",
                "invalid selector: 'a=b,metadata.name in (m1)'; can't understand 'metadata.name in (m1)'",
            ),
            (r"a=\b", r"invalid field selector: invalid escape sequence: \b"),
            (r"a=\", r"invalid field selector: invalid escape sequence: \"),
            (
                "a=b=c",
                "invalid field selector: unescaped character in value: 61",
            ),
        ] {
            assert_eq!(FieldSelector::parse(selector).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn unsupported_fields() {
        let error = |selector: &str, supported: &[&str]| {
            let selector = FieldSelector::parse(selector).unwrap();
            selector.check(supported).map_err(|error| error.to_string())
        };
        assert_eq!(error("metadata.name=x", &COMMON), Ok(()));
        assert_eq!(
            error("data.n=1", &COMMON).unwrap_err(),
            "\"data.n\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
        );
        assert_eq!(
            error("spec.foo=1", &["metadata.name", "spec.nodeName"]).unwrap_err(),
            "field label not supported: spec.foo"
        );
    }

    #[test]
    fn text_form_is_kept() {
        for text in [r"a=b\,c\=\\", "a!=b,c="] {
            let selector = FieldSelector::parse(text).unwrap();
            assert_eq!(selector.to_string(), text);
            assert_eq!(FieldSelector::parse(&selector.to_string()).unwrap(), selector);
        }
        assert_eq!(FieldSelector::parse("a=1,b!=2").unwrap().required("a"), Some("1"));
        assert_eq!(FieldSelector::parse("a=1,b!=2").unwrap().required("b"), None);
    }
}
