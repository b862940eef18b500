//! One requirement on one label.

use std::collections::BTreeSet;
use std::fmt;

use super::error::{InvalidValue, LabelRule, SelectorError};
use super::labels;

/// One requirement on a label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Requirement {
    /// The label exists and has this value.
    Equals(Box<str>, Box<str>),
    /// The label is missing or has another value.
    NotEquals(Box<str>, Box<str>),
    /// The label exists and has one of the values (ordered, each once).
    In(Box<str>, Vec<Box<str>>),
    /// The label is missing or has none of the values (ordered, each once).
    NotIn(Box<str>, Vec<Box<str>>),
    /// The label exists.
    Exists(Box<str>),
    /// The label is missing.
    DoesNotExist(Box<str>),
    /// The label is a number greater than this.
    GreaterThan(Box<str>, i64),
    /// The label is a number less than this.
    LessThan(Box<str>, i64),
}

impl Requirement {
    /// The label's key.
    pub fn key(&self) -> &str {
        match self {
            Self::Equals(key, _)
            | Self::NotEquals(key, _)
            | Self::In(key, _)
            | Self::NotIn(key, _)
            | Self::Exists(key)
            | Self::DoesNotExist(key)
            | Self::GreaterThan(key, _)
            | Self::LessThan(key, _) => key,
        }
    }

    /// Whether a label's value, `None` when the label is missing, fulfils the requirement.
    pub(super) fn holds(&self, label: Option<&str>) -> bool {
        let is = |value: &str| label == Some(value);
        let one_of = |values: &[Box<str>]| values.iter().any(|value| is(value));
        let number = || label.and_then(|value| value.parse::<i64>().ok());
        match self {
            Self::Equals(_, value) => is(value),
            Self::NotEquals(_, value) => !is(value),
            Self::In(_, values) => one_of(values),
            Self::NotIn(_, values) => !one_of(values),
            Self::Exists(_) => label.is_some(),
            Self::DoesNotExist(_) => label.is_none(),
            Self::GreaterThan(_, bound) => number().is_some_and(|value| value > *bound),
            Self::LessThan(_, bound) => number().is_some_and(|value| value < *bound),
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equals(key, value) => write!(out, "{key}={value}"),
            Self::NotEquals(key, value) => write!(out, "{key}!={value}"),
            Self::In(key, values) => write!(out, "{key} in ({})", values.join(",")),
            Self::NotIn(key, values) => write!(out, "{key} notin ({})", values.join(",")),
            Self::Exists(key) => write!(out, "{key}"),
            Self::DoesNotExist(key) => write!(out, "!{key}"),
            Self::GreaterThan(key, bound) => write!(out, "{key}>{bound}"),
            Self::LessThan(key, bound) => write!(out, "{key}<{bound}"),
        }
    }
}

/// Makes a requirement of an operator as the text form writes it (`exists` and `!` for presence), with the
/// checks of `k8s.io/apimachinery/pkg/labels.NewRequirement`.
pub(super) fn checked(key: &str, operator: &str, values: Vec<String>) -> Result<Requirement, SelectorError> {
    let mut invalid = Vec::new();
    invalid.extend(labels::check_key("key", key));
    invalid.extend(check_count(operator, &values));
    if matches!(operator, ">" | "<") {
        invalid.extend(values.iter().enumerate().filter_map(check_number));
    }
    for (index, value) in values.iter().enumerate() {
        invalid.extend(labels::check_value(&format!("values[{index}][{key}]"), value));
    }
    if !invalid.is_empty() {
        return Err(SelectorError::Invalid(invalid));
    }
    Ok(requirement(key.into(), operator, values))
}

fn requirement(key: Box<str>, operator: &str, values: Vec<String>) -> Requirement {
    let first = || values.first().map(String::as_str).unwrap_or_default();
    let number = || first().parse().unwrap_or_default();
    match operator {
        "=" | "==" => Requirement::Equals(key, first().into()),
        "!=" => Requirement::NotEquals(key, first().into()),
        ">" => Requirement::GreaterThan(key, number()),
        "<" => Requirement::LessThan(key, number()),
        "in" => Requirement::In(key, unique(values)),
        "notin" => Requirement::NotIn(key, unique(values)),
        "!" => Requirement::DoesNotExist(key),
        _ => Requirement::Exists(key),
    }
}

fn unique(values: Vec<String>) -> Vec<Box<str>> {
    let ordered: BTreeSet<String> = values.into_iter().collect();
    ordered.into_iter().map(String::into_boxed_str).collect()
}

fn check_count(operator: &str, values: &[String]) -> Option<InvalidValue> {
    let (fits, rule) = match operator {
        "in" | "notin" => (!values.is_empty(), LabelRule::SomeValues),
        "exists" | "!" => (values.is_empty(), LabelRule::NoValues),
        ">" | "<" => (values.len() == 1, LabelRule::OneNumber),
        _ => (values.len() == 1, LabelRule::OneValue),
    };
    // A list that is missing is a nil slice in Go, which prints as null.
    let value = if values.is_empty() {
        "null".to_owned()
    } else {
        serde_json::to_string(values).unwrap_or_default()
    };
    (!fits).then(|| InvalidValue {
        path: "values".to_owned(),
        value,
        rules: vec![rule],
    })
}

fn check_number((index, value): (usize, &String)) -> Option<InvalidValue> {
    value.parse::<i64>().err()?;
    InvalidValue::of_text(&format!("values[{index}]"), value, vec![LabelRule::Integer])
}
