//! Tables: what `kubectl get` prints (meta/v1 `Table`), computed by the server.

mod age;
mod config;
mod control;
mod custom;
mod network;
mod scaling;
mod storage;
mod workload;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use kinglet_model::Selector;
use serde_json::{Value, json};

pub use age::human_duration;
pub(crate) use config::*;
pub(crate) use control::*;
pub(crate) use network::*;
pub(crate) use scaling::*;
pub(crate) use storage::*;
pub(crate) use workload::*;

use crate::json::Json;
use crate::{Column, Columns, Description, Resource};

/// `columnDefinitions` of a kind: a list of `TableColumnDefinition`.
pub fn definitions(resource: &Resource) -> Value {
    let described = |columns: &[Column]| columns.iter().map(definition).collect();
    match &resource.columns {
        Columns::NameAndAge => described(&[NAME, AGE_DATE]),
        Columns::NameAndCreation => described(&[NAME, CREATED]),
        Columns::BuiltIn(columns) => described(columns),
        Columns::Custom(columns) => std::iter::once(definition(&NAME))
            .chain(columns.iter().map(custom::definition))
            .collect(),
    }
}

/// `cells` of an object, one for each column. Ages count from `now`.
pub fn row(resource: &Resource, object: &Value, now: Timestamp) -> Vec<Value> {
    if let Some(storage) = resource.storage {
        let mut stored = object.clone();
        // The columns read the stored shape; Events of both groups show the same ones.
        (storage.to_stored)(&mut stored);
        return cells(resource, &stored, now);
    }
    cells(resource, object, now)
}

fn cells(resource: &Resource, object: &Value, now: Timestamp) -> Vec<Value> {
    let cells = |columns: &[Column]| columns.iter().map(|column| (column.cell)(object, now)).collect();
    match &resource.columns {
        Columns::NameAndAge => cells(&[NAME, AGE_DATE]),
        Columns::NameAndCreation => cells(&[NAME, CREATED]),
        Columns::BuiltIn(columns) => cells(columns),
        Columns::Custom(columns) => std::iter::once(name(object, now))
            .chain(columns.iter().map(|column| custom::cell(column, object, now)))
            .collect(),
    }
}

fn definition(column: &Column) -> Value {
    let description = match column.description {
        Description::Text(text) => text.to_owned(),
        Description::Field(path) => format!("Field `{path}`."),
    };
    json!({
        "name": column.name, "type": column.kind, "format": column.format,
        "description": description, "priority": column.priority,
    })
}

type Cell = fn(&Value, Timestamp) -> Value;

/// A column of text described by a field of the kind.
const fn field(name: &'static str, path: &'static str, cell: Cell) -> Column {
    Column {
        name,
        kind: "string",
        format: "",
        description: Description::Field(path),
        priority: 0,
        cell,
    }
}

/// A column of text with its own description.
const fn column(name: &'static str, description: &'static str, cell: Cell) -> Column {
    Column {
        description: Description::Text(description),
        ..field(name, "", cell)
    }
}

/// A column of numbers described by a field of the kind.
const fn number(name: &'static str, path: &'static str, cell: Cell) -> Column {
    Column {
        kind: "integer",
        ..field(name, path, cell)
    }
}

/// A column of yes and no described by a field of the kind.
const fn flag(name: &'static str, path: &'static str, cell: Cell) -> Column {
    Column {
        kind: "boolean",
        ..field(name, path, cell)
    }
}

/// The same column, shown only with `-o wide`.
const fn wide(column: Column) -> Column {
    Column {
        priority: 1,
        ..column
    }
}

const NAME: Column = Column {
    format: "name",
    ..field("Name", "metadata.name", name)
};
const AGE: Column = field("Age", "metadata.creationTimestamp", creation_age);
const AGE_DATE: Column = Column { kind: "date", ..AGE };
const CREATED: Column = Column {
    name: "Created At",
    kind: "date",
    cell: |object, _| object.text("metadata.creationTimestamp").into(),
    ..AGE
};

/// Kinds of which nothing more is shown.
pub(crate) const NAME_AND_AGE: &[Column] = &[NAME, AGE];

fn name(object: &Value, _: Timestamp) -> Value {
    object.text("metadata.name").into()
}

fn creation_age(object: &Value, now: Timestamp) -> Value {
    age::since(object.text("metadata.creationTimestamp"), now).into()
}

/// Text, or `<none>`.
fn or_none(text: &str) -> Value {
    if text.is_empty() { "<none>" } else { text }.into()
}

/// Text, or `<unset>`.
fn or_unset(text: &str) -> Value {
    if text.is_empty() { "<unset>" } else { text }.into()
}

/// At most three entries, then how many more there are.
fn first_three(list: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = list.get(..SHOWN.min(list.len())).unwrap_or(list).join(",");
    match list.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{shown} + {more} more..."),
        _ => shown,
    }
}

/// Labels as `a=b,c=d`, or `<none>`.
fn labels(object: &Value, path: &str) -> Value {
    let pairs: Vec<String> = object
        .entries(path)
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    or_none(&pairs.join(","))
}

/// A `LabelSelector` as text, `<none>` when it selects everything.
fn selector(object: &Value, path: &str) -> Value {
    match Selector::from_label_selector(object.at(path)) {
        Ok(None) => "<none>".into(),
        Ok(Some(selector)) => or_none(&selector.to_string()),
        Err(_) => "<error>".into(),
    }
}
