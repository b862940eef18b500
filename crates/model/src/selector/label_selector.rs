//! Selectors as values.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::error::SelectorError;
use super::parse;
use super::requirement::{self, Requirement};

/// A conjunction of requirements; empty selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selector {
    /// All must hold; ordered by key.
    pub requirements: Vec<Requirement>,
}

impl Selector {
    /// Reads the text form, for instance `app=web,tier in (a, b),!canary`.
    ///
    /// # Errors
    /// The text does not follow the grammar of `k8s.io/apimachinery/pkg/labels.Parse`.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        parse::requirements(text).map(Self::ordered)
    }

    /// Reads a `LabelSelector` object. `None` where there is no object (`null`): such a selector selects
    /// nothing, while `{}` selects everything.
    ///
    /// # Errors
    /// A key, value or operator is not valid.
    pub fn from_label_selector(selector: &Value) -> Result<Option<Self>, SelectorError> {
        let Some(selector) = selector.as_object() else {
            return Ok(None);
        };
        let labels = selector.get("matchLabels").and_then(Value::as_object);
        let expressions = selector.get("matchExpressions").and_then(Value::as_array);
        let equal = labels.into_iter().flatten().map(|(key, value)| {
            requirement::checked(key, "=", vec![value.as_str().unwrap_or_default().to_owned()])
        });
        let others = expressions.into_iter().flatten().map(expression);
        let requirements = equal.chain(others).collect::<Result<_, _>>()?;
        Ok(Some(Self::ordered(requirements)))
    }

    fn ordered(mut requirements: Vec<Requirement>) -> Self {
        requirements.sort_by(|a, b| a.key().cmp(b.key()));
        Self { requirements }
    }

    /// Whether it selects everything.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether labels fulfil all requirements.
    pub fn matches(&self, labels: &BTreeMap<Box<str>, Box<str>>) -> bool {
        self.matches_with(|key| labels.get(key).map(AsRef::as_ref))
    }

    /// Whether labels, looked up by key, fulfil all requirements.
    pub fn matches_with<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.requirements
            .iter()
            .all(|requirement| requirement.holds(label(requirement.key())))
    }
}

/// One entry of `matchExpressions`.
fn expression(entry: &Value) -> Result<Requirement, SelectorError> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
    let operator = match text("operator") {
        "In" => "in",
        "NotIn" => "notin",
        "Exists" => "exists",
        "DoesNotExist" => "!",
        other => {
            return Err(SelectorError::Operator(other.to_owned()));
        }
    };
    let values = entry.get("values").and_then(Value::as_array);
    let values = values.into_iter().flatten().filter_map(Value::as_str);
    requirement::checked(text("key"), operator, values.map(str::to_owned).collect())
}

impl fmt::Display for Selector {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, requirement) in self.requirements.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(out, "{comma}{requirement}")?;
        }
        Ok(())
    }
}

/// Reads a `LabelSelector`, or what is wrong with it: one bad selector must not make its whole object
/// unreadable.
pub(crate) fn selector<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Result<Selector, SelectorError>>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(Selector::from_label_selector(&value).transpose())
}
