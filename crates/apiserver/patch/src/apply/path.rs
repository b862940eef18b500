//! Paths into an object that survive reordering: list items are named by key or value, not by place.

use std::cmp::Ordering;
use std::fmt;

use serde_json::Value;

/// One step of a path. The order is that of `fieldpath.PathElement` in structured-merge-diff.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PathElement {
    /// A field of a map.
    Field(Box<str>),
    /// The item of a list that has these values in its key fields; ordered by name.
    Key(Vec<(Box<str>, Scalar)>),
    /// The item of a set that is this value.
    Value(Scalar),
    /// An item by its place.
    Index(usize),
}

/// A value within a path, with a total order: numbers, strings, booleans, lists, maps, null.
#[derive(Clone, Debug)]
pub(super) struct Scalar(pub(super) Value);

impl PathElement {
    /// The field `name` of a map.
    pub(super) fn field(name: &str) -> Self {
        Self::Field(name.into())
    }

    /// Reads the form in `fieldsV1`: `f:name`, `k:{"port":80}`, `v:"x"`, `i:0`. `None` for one of a later
    /// version, or malformed.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "f" => Some(Self::field(rest)),
            "v" => Some(Self::Value(Scalar(serde_json::from_str(rest).ok()?))),
            "i" => Some(Self::Index(rest.parse().ok()?)),
            "k" => {
                let keys: serde_json::Map<String, Value> = serde_json::from_str(rest).ok()?;
                let keys = keys.into_iter().map(|(name, value)| (name.into(), Scalar(value)));
                Some(Self::key(keys.collect()))
            }
            _ => None,
        }
    }

    /// The item with these key fields, in any order.
    pub(super) fn key(mut fields: Vec<(Box<str>, Scalar)>) -> Self {
        fields.sort_by(|a, b| a.0.cmp(&b.0));
        Self::Key(fields)
    }

    /// The form in `fieldsV1`.
    pub(super) fn encoded(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Value(value) => format!("v:{}", value.0),
            Self::Index(index) => format!("i:{index}"),
            Self::Key(fields) => {
                let fields: Vec<_> = fields
                    .iter()
                    .map(|(name, value)| format!("{}:{}", Value::from(&**name), value.0))
                    .collect();
                format!("k:{{{}}}", fields.join(","))
            }
        }
    }
}

/// The form in messages: `.spec`, `[port=80,protocol="TCP"]`, `[="x"]`, `[0]`.
impl fmt::Display for PathElement {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(out, ".{name}"),
            Self::Value(value) => write!(out, "[={}]", value.0),
            Self::Index(index) => write!(out, "[{index}]"),
            Self::Key(fields) => {
                let fields: Vec<_> = fields
                    .iter()
                    .map(|(name, value)| format!("{name}={}", value.0))
                    .collect();
                write!(out, "[{}]", fields.join(","))
            }
        }
    }
}

/// A path in messages, for instance `.spec.ports[port=80,protocol="TCP"].name`.
pub(super) fn shown(path: &[PathElement]) -> String {
    path.iter().map(ToString::to_string).collect()
}

impl Ord for Scalar {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.0, &other.0)
    }
}

impl PartialOrd for Scalar {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Scalar {}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        Value::Array(_) => 3,
        Value::Object(_) => 4,
        Value::Null => 5,
    }
}

/// The total order of values; integers and floating-point numbers compare as numbers.
pub(super) fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => f64::total_cmp(&a.as_f64().unwrap_or_default(), &b.as_f64().unwrap_or_default()),
        },
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => compare_all(a.iter(), b.iter(), compare),
        (Value::Object(a), Value::Object(b)) => compare_all(a.iter(), b.iter(), |a, b| {
            a.0.cmp(b.0).then_with(|| compare(a.1, b.1))
        }),
        _ => rank(left).cmp(&rank(right)),
    }
}

fn compare_all<T>(
    mut left: impl Iterator<Item = T>,
    mut right: impl Iterator<Item = T>,
    compare: impl Fn(T, T) -> Ordering,
) -> Ordering {
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => match compare(a, b) {
                Ordering::Equal => {}
                other => return other,
            },
        }
    }
}
