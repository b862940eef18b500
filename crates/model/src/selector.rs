//! Label selectors (Kubernetes `LabelSelector` and the text form of `labelSelector=`).

use std::collections::BTreeMap;

/// A conjunction of requirements; empty selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// All must hold.
    pub requirements: Vec<Requirement>,
}

/// One requirement on a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// The label exists and has one of the values.
    In(Box<str>, Vec<Box<str>>),
    /// The label is missing or has none of the values.
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

/// A selector text that does not follow the grammar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unable to parse requirement: {0}")]
pub struct SelectorError(pub String);

impl Selector {
    /// Whether labels fulfil all requirements.
    pub fn matches(&self, labels: &BTreeMap<Box<str>, Box<str>>) -> bool {
        self.matches_with(|key| labels.get(key).map(AsRef::as_ref))
    }

    /// Whether labels, looked up by key, fulfil all requirements.
    pub fn matches_with<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.requirements
            .iter()
            .all(|requirement| requirement.holds(&label))
    }
}

impl Requirement {
    fn holds<'a>(&self, label: &impl Fn(&str) -> Option<&'a str>) -> bool {
        let has =
            |key: &str, values: &[Box<str>]| label(key).map(|value| values.iter().any(|v| **v == *value));
        let number = |key: &str| label(key).and_then(|value| value.parse::<i64>().ok());
        match self {
            Self::In(key, values) => has(key, values).unwrap_or(false),
            Self::NotIn(key, values) => !has(key, values).unwrap_or(false),
            Self::Exists(key) => label(key).is_some(),
            Self::DoesNotExist(key) => label(key).is_none(),
            Self::GreaterThan(key, bound) => number(key).is_some_and(|value| value > *bound),
            Self::LessThan(key, bound) => number(key).is_some_and(|value| value < *bound),
        }
    }
}
