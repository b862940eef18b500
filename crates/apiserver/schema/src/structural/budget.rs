//! How much work the rules of a schema may be for an object.
//!
//! The interpreter counts nothing, so the work is bounded before it runs: a rule with nested loops (`all`,
//! `exists`, `map`, `filter`) over a value whose largest list has so many entries.

use serde_json::Value;

/// Most steps for all rules of an object; Kubernetes' budget for an object (`RuntimeCELCostBudget`).
const BUDGET: u64 = 10_000_000;
/// Characters of a rule for one step of the interpreter, about.
const PER_STEP: u64 = 4;
const LOOPS: [&str; 5] = [".all(", ".exists(", ".exists_one(", ".map(", ".filter("];

/// The first rule for which the budget does not suffice.
#[derive(Debug)]
pub(super) struct Exceeded {
    pub(super) path: String,
    pub(super) rule: String,
}

/// Checks that the rules of a schema are little enough work for an object.
pub(super) fn check(schema: &Value, object: &Value) -> Result<(), Exceeded> {
    let mut left = BUDGET;
    walk(schema, object, "", &mut left)
}

fn walk(schema: &Value, value: &Value, path: &str, left: &mut u64) -> Result<(), Exceeded> {
    let rules = schema["x-kubernetes-validations"].as_array();
    for rule in rules
        .into_iter()
        .flatten()
        .filter_map(|rule| rule["rule"].as_str())
    {
        let steps = steps(rule, largest(value));
        *left = left.checked_sub(steps).ok_or_else(|| Exceeded {
            path: if path.is_empty() { "<nil>" } else { path }.to_owned(),
            rule: rule.to_owned(),
        })?;
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let schema = match &schema["properties"][name] {
                    Value::Null => &schema["additionalProperties"],
                    declared => declared,
                };
                if schema.is_object() {
                    let dot = if path.is_empty() { "" } else { "." };
                    walk(schema, value, &format!("{path}{dot}{name}"), left)?;
                }
            }
        }
        Value::Array(items) if schema["items"].is_object() => {
            for (index, item) in items.iter().enumerate() {
                walk(&schema["items"], item, &format!("{path}[{index}]"), left)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Entries of the largest list or map in a value.
fn largest(value: &Value) -> u64 {
    match value {
        Value::Object(fields) => fields.values().map(largest).fold(fields.len() as u64, u64::max),
        Value::Array(items) => items.iter().map(largest).fold(items.len() as u64, u64::max),
        _ => 1,
    }
}

fn steps(rule: &str, entries: u64) -> u64 {
    let length = (rule.len() as u64 / PER_STEP).max(1);
    entries
        .max(1)
        .saturating_pow(nesting(rule))
        .saturating_mul(length)
}

/// How deep loops stand in each other.
fn nesting(rule: &str) -> u32 {
    // For each open parenthesis, whether it is a loop's.
    let mut open = Vec::new();
    let mut deepest = 0;
    for (at, character) in rule.char_indices() {
        match character {
            '(' => {
                let before = rule.get(..=at).unwrap_or_default();
                open.push(LOOPS.iter().any(|name| before.ends_with(name)));
                let loops = open.iter().filter(|is_loop| **is_loop).count();
                deepest = deepest.max(u32::try_from(loops).unwrap_or(u32::MAX));
            }
            ')' => {
                open.pop();
            }
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_in_loops_are_counted() {
        assert_eq!(nesting("self.size() > 0"), 0);
        assert_eq!(nesting("self.all(a, a > 0) && self.exists(b, b == 1)"), 1);
        assert_eq!(nesting("self.all(a, self.exists_one(b, (a == b)))"), 2);
    }
}
