//! The table of messages: field numbers, names in JSON, types (`cargo xtask codegen messages` makes it and
//! tells its form).

use std::collections::HashMap;
use std::sync::LazyLock;

static MESSAGES: &str = include_str!("../../data/messages.txt");

/// All messages; fields refer to messages by index.
pub(super) struct Table {
    by_name: HashMap<&'static str, usize>,
    messages: Vec<Vec<Field>>,
}

/// A field of a message.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) number: u64,
    pub(super) name: Name,
    pub(super) container: Container,
    pub(super) kind: Kind,
    /// Whether zero is a value, not its absence.
    pub(super) zero_counts: bool,
}

/// Where a field goes in JSON.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// A field of this name.
    Field(&'static str),
    /// The fields of the message stand in the parent.
    Inline,
    /// The list stands for the message.
    Whole,
    /// Of the fields of the message, the last one that is set stands for the message.
    Either,
}

/// How often a field may stand.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Container {
    Once,
    List,
    Map,
}

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Bytes,
    Double,
    Int32,
    Int64,
    Text,
    Time,
    MicroTime,
    Quantity,
    IntOrString,
    /// A message with JSON in field 1.
    Json,
    Message(usize),
}

impl Kind {
    /// Whether zero may stand for absence. A message or free JSON that is there was set, whatever its value
    /// in JSON is: `additionalProperties: false`, `default: 0`.
    pub(super) fn is_scalar(self) -> bool {
        !matches!(self, Self::Message(_) | Self::Json)
    }
}

/// The table, parsed once.
pub(super) fn table() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| Table::parse(MESSAGES));
    &TABLE
}

impl Table {
    fn parse(text: &'static str) -> Self {
        let is_field = |line: &str| line.starts_with(|c: char| c.is_ascii_digit());
        let names = text.lines().filter(|line| !is_field(line));
        let by_name: HashMap<_, _> = names.enumerate().map(|(index, name)| (name, index)).collect();
        let mut messages: Vec<Vec<Field>> = Vec::with_capacity(by_name.len());
        for line in text.lines() {
            if !is_field(line) {
                messages.push(Vec::new());
            } else if let (Some(fields), Some(field)) = (messages.last_mut(), parse_field(line, &by_name)) {
                fields.push(field);
            }
        }
        Self { by_name, messages }
    }

    /// The message of a kind: the package is the group's first label, but for the two groups that are not of
    /// `k8s.io/api`.
    pub(super) fn find(&self, api_version: &str, kind: &str) -> Option<usize> {
        let (group, version) = api_version.split_once('/').unwrap_or(("core", api_version));
        let package = match group {
            "apiextensions.k8s.io" => "apiextensions_apiserver.pkg.apis.apiextensions".to_owned(),
            "apiregistration.k8s.io" => "kube_aggregator.pkg.apis.apiregistration".to_owned(),
            group => format!("api.{}", group.split('.').next().unwrap_or_default()),
        };
        let of_group = format!("{package}.{version}.{kind}");
        // Every group has `DeleteOptions` and the like as kinds of its own (`metav1.AddToGroupVersion`).
        let of_all = format!("apimachinery.pkg.apis.meta.v1.{kind}");
        let found = self
            .by_name
            .get(of_group.as_str())
            .or_else(|| self.by_name.get(of_all.as_str()));
        found.copied()
    }

    /// The field of a number.
    pub(super) fn field(&self, message: usize, number: u64) -> Option<&Field> {
        self.messages
            .get(message)?
            .iter()
            .find(|field| field.number == number)
    }

    /// Whether a list stands for the message.
    pub(super) fn is_list(&self, message: usize) -> bool {
        let fields = self.messages.get(message).map(Vec::as_slice);
        fields.is_some_and(|fields| fields.iter().any(|field| field.name == Name::Whole))
    }
}

fn parse_field(line: &'static str, messages: &HashMap<&'static str, usize>) -> Option<Field> {
    let mut words = line.split(' ');
    let number = words.next()?.parse().ok()?;
    let name = match words.next()? {
        "-" => Name::Inline,
        "=" => Name::Whole,
        "|" => Name::Either,
        name => Name::Field(name),
    };
    let kind = words.next()?;
    let (container, kind) = if let Some(kind) = kind.strip_prefix("[]") {
        (Container::List, kind)
    } else if let Some(kind) = kind.strip_prefix("{}") {
        (Container::Map, kind)
    } else {
        (Container::Once, kind)
    };
    let zero_counts = kind.starts_with('*');
    let kind = match kind.trim_start_matches('*') {
        "bool" => Kind::Bool,
        "bytes" => Kind::Bytes,
        "double" => Kind::Double,
        "int32" => Kind::Int32,
        "int64" => Kind::Int64,
        "string" => Kind::Text,
        "apimachinery.pkg.apis.meta.v1.Time" => Kind::Time,
        "apimachinery.pkg.apis.meta.v1.MicroTime" => Kind::MicroTime,
        "apimachinery.pkg.api.resource.Quantity" => Kind::Quantity,
        "apimachinery.pkg.util.intstr.IntOrString" => Kind::IntOrString,
        "apimachinery.pkg.apis.meta.v1.FieldsV1"
        | "apimachinery.pkg.runtime.RawExtension"
        | "apiextensions_apiserver.pkg.apis.apiextensions.v1.JSON" => Kind::Json,
        name => Kind::Message(*messages.get(name)?),
    };
    Some(Field {
        number,
        name,
        container,
        kind,
        zero_counts,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_line_is_understood() {
        let lines = MESSAGES
            .lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()));
        for line in lines {
            assert!(parse_field(line, &table().by_name).is_some(), "{line}");
        }
    }

    #[test]
    fn finds_kinds_by_their_group() {
        for (api_version, kind, name) in [
            ("v1", "Service", "api.core.v1.Service"),
            ("apps/v1", "Deployment", "api.apps.v1.Deployment"),
            ("rbac.authorization.k8s.io/v1", "Role", "api.rbac.v1.Role"),
            (
                "policy/v1",
                "PodDisruptionBudget",
                "api.policy.v1.PodDisruptionBudget",
            ),
            (
                "apiextensions.k8s.io/v1",
                "CustomResourceDefinition",
                "apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
            ),
            (
                "v1",
                "DeleteOptions",
                "apimachinery.pkg.apis.meta.v1.DeleteOptions",
            ),
        ] {
            assert_eq!(
                table().find(api_version, kind),
                table().by_name.get(name).copied(),
                "{name}"
            );
            assert!(table().find(api_version, kind).is_some());
        }
        assert_eq!(table().find("apps/v1", "Service"), None);
    }
}
