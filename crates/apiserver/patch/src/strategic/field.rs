//! How one field merges.

use kinglet_api_schema::Schema;
use serde_json::Value;

/// How a field merges, from the property that declares it: the annotations stand beside a reference, not
/// behind it.
#[derive(Clone, Copy, Default)]
pub(super) struct Field<'a> {
    /// The schema of the field's value.
    schema: Option<Schema<'a>>,
    strategies: &'a str,
    /// The key by which items of a list pair; empty for lists of scalars.
    pub(super) merge_key: &'a str,
}

impl<'a> Field<'a> {
    /// The field `name` of a map; a field that the schema does not know has no annotations.
    pub(super) fn of(map: Option<Schema<'a>>, name: &str) -> Self {
        let Some(map) = map else {
            return Self::default();
        };
        let declared = map.properties().and_then(|properties| properties.get(name));
        let text = |key: &str| {
            declared
                .and_then(|node| node.get(key))
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        Self {
            schema: map.field(name),
            strategies: text("x-kubernetes-patch-strategy"),
            merge_key: text("x-kubernetes-patch-merge-key"),
        }
    }

    /// Whether a list merges; others are replaced.
    pub(super) fn list_merges(self) -> bool {
        self.strategies.split(',').any(|one| one == "merge")
    }

    /// The schema of the field's value.
    pub(super) fn value(self) -> Option<Schema<'a>> {
        self.schema
    }

    /// The schema of the items of a list.
    pub(super) fn items(self) -> Option<Schema<'a>> {
        self.schema?.items()
    }
}
