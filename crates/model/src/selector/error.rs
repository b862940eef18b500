//! What can be wrong with a selector, in the words of the Kubernetes API: its clients show them to people who
//! search for them.

use std::fmt;

/// A selector that does not follow the grammar, or a key, value or operator that is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// The text goes on with something else than the grammar allows there.
    #[error("found '{found}', expected: {expected}")]
    Unexpected {
        /// The token; empty at the end of the text.
        found: String,
        /// What the grammar allows.
        expected: &'static str,
    },
    /// No parenthesis after `in` or `notin`; Kubernetes prints this one without the comma.
    #[error("found '{0}' expected: '('")]
    NoParenthesis(String),
    /// One requirement of the text is wrong.
    #[error("unable to parse requirement: {0}")]
    Requirement(Box<SelectorError>),
    /// `operator` of an entry of `matchExpressions` is none.
    #[error("{0:?} is not a valid label selector operator")]
    Operator(String),
    /// Keys or values break rules. Several stand in brackets, as Kubernetes prints an aggregate of errors.
    #[error("{}", aggregate(.0))]
    Invalid(Vec<InvalidValue>),
}

/// A key, or values, that break rules (`field.Invalid` of Kubernetes).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidValue {
    /// Path of the field.
    pub path: String,
    /// The value, as JSON.
    pub value: String,
    /// The rules that it breaks.
    pub rules: Vec<LabelRule>,
}

impl InvalidValue {
    /// A text that breaks rules; nothing if it breaks none.
    pub(super) fn of_text(path: &str, text: &str, rules: Vec<LabelRule>) -> Option<Self> {
        (!rules.is_empty()).then(|| Self {
            path: path.to_owned(),
            value: format!("{text:?}"),
            rules,
        })
    }
}

impl fmt::Display for InvalidValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules: Vec<&str> = self.rules.iter().map(|rule| rule.text()).collect();
        write!(
            out,
            "{}: Invalid value: {}: {}",
            self.path,
            self.value,
            rules.join("; ")
        )
    }
}

/// A rule of labels and requirements (`k8s.io/apimachinery/pkg/api/validate/content`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelRule {
    /// A key has one part, or a prefix and a name.
    KeyParts,
    /// The name of a key is not empty.
    NameEmpty,
    /// The name of a key is not too long.
    NameLength,
    /// The name of a key has certain characters.
    Name,
    /// The prefix of a key is not empty.
    PrefixEmpty,
    /// The prefix of a key is not too long.
    PrefixLength,
    /// The prefix of a key is a DNS subdomain.
    Prefix,
    /// A value is not too long.
    ValueLength,
    /// A value has certain characters.
    Value,
    /// `in` and `notin` need values.
    SomeValues,
    /// `exists` and `!` take none.
    NoValues,
    /// `>` and `<` take one.
    OneNumber,
    /// `=` and `!=` take one.
    OneValue,
    /// `>` and `<` compare integers.
    Integer,
}

/// The name part of a key, in the words of Kubernetes.
macro_rules! name_rule {
    () => {
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
         alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
         '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
    };
}

impl LabelRule {
    /// The rule in words.
    pub fn text(self) -> &'static str {
        match self {
            Self::KeyParts => concat!(
                "a valid label key ",
                name_rule!(),
                " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            ),
            Self::NameEmpty => "name part must be non-empty",
            Self::NameLength => "name part must be no more than 63 bytes",
            Self::Name => concat!("name part ", name_rule!()),
            Self::PrefixEmpty => "prefix part must be non-empty",
            Self::PrefixLength => "prefix part must be no more than 253 bytes",
            Self::Prefix => {
                "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
                 characters, '-' or '.', and must start and end with an alphanumeric character \
                 (e.g. 'example.com', regex used for validation is \
                 '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
            }
            Self::ValueLength => "must be no more than 63 bytes",
            Self::Value => {
                "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or \
                 '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or \
                 'my_value',  or '12345', regex used for validation is \
                 '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
            }
            Self::SomeValues => "for 'in', 'notin' operators, values set can't be empty",
            Self::NoValues => "values set must be empty for exists and does not exist",
            Self::OneNumber => "for 'Gt', 'Lt' operators, exactly one value is required",
            Self::OneValue => "exact-match compatibility requires one single value",
            Self::Integer => "for 'Gt', 'Lt' operators, the value must be an integer",
        }
    }
}

fn aggregate(invalid: &[InvalidValue]) -> String {
    let texts: Vec<String> = invalid.iter().map(ToString::to_string).collect();
    match &texts[..] {
        [only] => only.clone(),
        many => format!("[{}]", many.join(", ")),
    }
}
