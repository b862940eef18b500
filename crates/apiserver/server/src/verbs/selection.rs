//! Which objects of a collection a list, watch or delete is about.

use std::sync::Arc;

use kinglet_model::Selector;
use serde_json::Value;

use super::call::Call;
use crate::error::ApiError;
use crate::registry::Served;
use crate::store::Stored;

/// One requirement of a field selector.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FieldRequirement {
    field: String,
    value: String,
    equal: bool,
}

/// A label selector, a field selector, and a name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    labels: Selector,
    fields: Vec<FieldRequirement>,
    namespace: Option<Arc<str>>,
}

impl Selection {
    /// Reads `labelSelector` and `fieldSelector`, and the namespace and name of the path.
    pub(crate) fn read(call: &Call) -> Result<Self, ApiError> {
        let labels = match call.query.text("labelSelector") {
            Some(text) => crate::pending::selector(text)?,
            None => Selector::default(),
        };
        let mut fields = call.query.text("fieldSelector").map(parse_fields).transpose()?.unwrap_or_default();
        for requirement in &fields {
            if call.kind.resource.field(&requirement.field, &Value::Null).is_none() {
                return Err(ApiError::bad_request(format!(
                    "field label not supported: {}",
                    requirement.field
                )));
            }
        }
        if let Some(name) = &call.name {
            fields.push(FieldRequirement {
                field: "metadata.name".into(),
                value: name.to_string(),
                equal: true,
            });
        }
        Ok(Self {
            labels,
            fields,
            namespace: call.namespace.clone(),
        })
    }

    /// Whether nothing is left out.
    pub(crate) fn is_everything(&self) -> bool {
        self.labels.requirements.is_empty() && self.fields.is_empty()
    }

    /// Whether an object is selected.
    pub(crate) fn matches(&self, kind: &Served, stored: &Stored) -> bool {
        if self.namespace.as_ref().is_some_and(|namespace| *namespace != stored.name.namespace) {
            return false;
        }
        let label = |key: &str| stored.labels.get(key).map(AsRef::as_ref);
        self.labels.matches_with(label) && self.matches_fields(kind, stored)
    }

    fn matches_fields(&self, kind: &Served, stored: &Stored) -> bool {
        let mut shown = None;
        self.fields.iter().all(|requirement| {
            let equal = match requirement.field.as_str() {
                "metadata.name" => *stored.name.name == *requirement.value,
                "metadata.namespace" => *stored.name.namespace == *requirement.value,
                field => {
                    let object = shown.get_or_insert_with(|| kind.show(stored));
                    kind.resource.field(field, object).is_some_and(|value| value == requirement.value)
                }
            };
            equal == requirement.equal
        })
    }
}

/// Parses `a=b,c!=d`; backslash escapes commas, equal signs and backslashes.
fn parse_fields(text: &str) -> Result<Vec<FieldRequirement>, ApiError> {
    split_unescaped(text)
        .into_iter()
        .filter(|term| !term.is_empty())
        .map(|term| {
            let (field, equal, value) = if let Some((field, value)) = term.split_once("!=") {
                (field, false, value)
            } else if let Some((field, value)) = term.split_once("==") {
                (field, true, value)
            } else if let Some((field, value)) = term.split_once('=') {
                (field, true, value)
            } else {
                return Err(ApiError::bad_request(format!(
                    "invalid selector: '{text}'; can't understand '{term}'"
                )));
            };
            Ok(FieldRequirement {
                field: field.trim().to_owned(),
                value: unescape(value),
                equal,
            })
        })
        .collect()
}

fn split_unescaped(text: &str) -> Vec<String> {
    let mut terms = vec![String::new()];
    let mut escaped = false;
    for letter in text.chars() {
        if letter == ',' && !escaped {
            terms.push(String::new());
        } else if let Some(term) = terms.last_mut() {
            term.push(letter);
        }
        escaped = letter == '\\' && !escaped;
    }
    terms
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => out.extend(letters.next()),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_selectors() {
        let parsed = parse_fields(r"metadata.name=a\,b,spec.x!=,status.phase==Running").unwrap();
        let shown: Vec<_> = parsed.iter().map(|one| (one.field.as_str(), one.equal, one.value.as_str())).collect();
        assert_eq!(
            shown,
            [
                ("metadata.name", true, "a,b"),
                ("spec.x", false, ""),
                ("status.phase", true, "Running")
            ]
        );
        assert!(parse_fields("nothing").is_err());
    }
}
