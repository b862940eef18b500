//! The part of JSONPath that printer columns, `scale` paths and selectable fields use: `.spec.ports[0].name`,
//! `.metadata.labels.app\.kubernetes\.io/name`, `['key']`, `[*]`, `[?(@.type=="Ready")].status`.

use serde_json::Value;

/// A parsed path.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct JsonPath(Vec<Step>);

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Field(String),
    /// Index of a list's element; negative counts from the end.
    Index(i64),
    All,
    /// Elements whose value at the path compares so to the value.
    Filter {
        path: JsonPath,
        equal: bool,
        value: Value,
    },
}

impl JsonPath {
    /// Parses a path; `None` if it is not of the supported form.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut steps = Vec::new();
        let mut rest = text.trim().strip_prefix('$').unwrap_or(text.trim());
        while !rest.is_empty() {
            let (step, tail) = match rest.strip_prefix('[') {
                Some(inside) => bracket(inside)?,
                None => field(rest.strip_prefix('.')?)?,
            };
            steps.push(step);
            rest = tail;
        }
        (!steps.is_empty()).then_some(Self(steps))
    }

    /// All values that the path leads to.
    pub(crate) fn find<'a>(&self, root: &'a Value) -> Vec<&'a Value> {
        self.0.iter().fold(vec![root], |found, step| {
            found.into_iter().flat_map(|value| step.apply(value)).collect()
        })
    }

    /// The path in dotted form, if it only names fields.
    pub(crate) fn dotted(&self) -> Option<String> {
        let fields: Option<Vec<&str>> = self
            .0
            .iter()
            .map(|step| match step {
                Step::Field(name) => Some(name.as_str()),
                _ => None,
            })
            .collect();
        fields.map(|fields| fields.join("."))
    }
}

/// A field up to the next unescaped `.` or `[`, and what follows.
fn field(text: &str) -> Option<(Step, &str)> {
    let mut name = String::new();
    let mut chars = text.char_indices();
    let mut end = text.len();
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => name.push(chars.next()?.1),
            '.' | '[' => {
                end = at;
                break;
            }
            _ => name.push(char),
        }
    }
    (!name.is_empty()).then_some((Step::Field(name), text.get(end..)?))
}

/// What stands in brackets, and what follows them.
fn bracket(text: &str) -> Option<(Step, &str)> {
    if let Some(filter) = text.strip_prefix("?(@") {
        let (condition, rest) = filter.split_once(")]")?;
        let (path, operator, value) = ["==", "!="].into_iter().find_map(|operator| {
            condition
                .split_once(operator)
                .map(|(path, value)| (path, operator, value))
        })?;
        let step = Step::Filter {
            path: JsonPath::parse(path)?,
            equal: operator == "==",
            value: literal(value.trim())?,
        };
        return Some((step, rest));
    }
    let (inside, rest) = text.split_once(']')?;
    let step = match inside {
        "*" => Step::All,
        _ => match literal(inside)? {
            Value::String(name) => Step::Field(name),
            value => Step::Index(value.as_i64()?),
        },
    };
    Some((step, rest))
}

/// A quoted text (either quote), a number, `true` or `false`.
fn literal(text: &str) -> Option<Value> {
    for quote in ['"', '\''] {
        if let Some(inside) = text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote)) {
            return Some(inside.replace("\\.", ".").into());
        }
    }
    serde_json::from_str(text).ok()
}

impl Step {
    fn apply<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        match self {
            Self::Field(name) => value.get(name).into_iter().collect(),
            Self::Index(index) => value
                .as_array()
                .and_then(|list| {
                    let end = i64::try_from(list.len()).ok()?;
                    let index = if *index < 0 { end + index } else { *index };
                    list.get(usize::try_from(index).ok()?)
                })
                .into_iter()
                .collect(),
            Self::All => match value {
                Value::Array(list) => list.iter().collect(),
                Value::Object(map) => map.values().collect(),
                _ => Vec::new(),
            },
            Self::Filter {
                path,
                equal,
                value: wanted,
            } => value
                .as_array()
                .into_iter()
                .flatten()
                .filter(|element| {
                    path.find(element)
                        .first()
                        .is_some_and(|found| (*found == wanted) == *equal)
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_lead_to_values() {
        let object = json!({
            "metadata": {"labels": {"app.kubernetes.io/name": "web"}},
            "spec": {"ports": [{"name": "a", "port": 1}, {"name": "b", "port": 2}]},
            "status": {"conditions": [{"type": "Synced", "status": "False"}, {"type": "Ready", "status": "True"}]},
        });
        for (path, found) in [
            (".spec.ports[0].name", json!(["a"])),
            (".spec.ports[-1].name", json!(["b"])),
            (".spec.ports[*].port", json!([1, 2])),
            (".spec.ports[?(@.port==2)].name", json!(["b"])),
            (".spec.ports[?(@.port!=2)].name", json!(["a"])),
            (
                "$.status.conditions[?(@.type==\"Ready\")].status",
                json!(["True"]),
            ),
            (".status.conditions[?(@.type=='None')].status", json!([])),
            (".metadata.labels.app\\.kubernetes\\.io/name", json!(["web"])),
            (".metadata.labels['app\\.kubernetes\\.io/name']", json!(["web"])),
            (".spec.missing.field", json!([])),
        ] {
            let parsed = JsonPath::parse(path).unwrap();
            assert_eq!(json!(parsed.find(&object)), found, "{path}");
        }
    }

    #[test]
    fn other_paths_are_refused() {
        for path in ["", "spec", ".", ".spec..x", ".a[", ".a[?(@.b)]", ".a[b]"] {
            assert_eq!(JsonPath::parse(path), None, "{path}");
        }
    }
}
