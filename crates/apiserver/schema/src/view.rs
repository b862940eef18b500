//! Structural schemas: what fields an object may have and how lists and maps of it merge.
//!
//! One view, [`Schema`], reads both the schemas of built-in kinds (OpenAPI definitions that refer to each
//! other) and those that a CustomResourceDefinition carries, so that every algorithm over schemas is written
//! once.

use std::sync::Arc;

use serde_json::{Map, Value};

/// Named definitions that schemas refer to by `$ref: "#/definitions/<name>"` (or
/// `#/components/schemas/<name>`).
pub type Definitions = Map<String, Value>;

/// An owned schema: the root node together with the definitions that it refers to.
#[derive(Clone, Debug)]
pub struct SchemaDocument {
    /// Definitions that `$ref`s resolve in; shared by all kinds. A custom resource refers only to
    /// `ObjectMeta`.
    pub definitions: Arc<Definitions>,
    /// The root node.
    pub root: Value,
}

impl SchemaDocument {
    /// The view of the root node.
    pub fn schema(&self) -> Schema<'_> {
        Schema::new(&self.root, &self.definitions)
    }
}

/// A borrowed view of one schema node. References are resolved when the view is made.
#[derive(Clone, Copy, Debug)]
pub struct Schema<'a> {
    node: &'a Value,
    name: Option<&'a str>,
    definitions: &'a Definitions,
}

/// How server-side apply and strategic merge treat a list (`x-kubernetes-list-type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListType<'a> {
    /// Replaced as a whole.
    Atomic,
    /// A set of scalars.
    Set,
    /// A map whose entries are identified by these fields (`x-kubernetes-list-map-keys`).
    Map(&'a [Value]),
}

impl<'a> Schema<'a> {
    /// The view of `node`. `$ref`, and `allOf` with one element in a node that says nothing else of its
    /// value, are followed.
    pub fn new(node: &'a Value, definitions: &'a Definitions) -> Self {
        let mut schema = Self {
            node,
            name: None,
            definitions,
        };
        // A chain longer than the number of definitions is a cycle.
        for _ in 0..=definitions.len() {
            let next = schema
                .referenced()
                .or_else(|| Some((schema.name, schema.only_part()?)));
            let Some((name, node)) = next else { break };
            (schema.name, schema.node) = (name, node);
        }
        schema
    }

    fn referenced(self) -> Option<(Option<&'a str>, &'a Value)> {
        let name = self.text("$ref")?.rsplit('/').next()?;
        let (name, node) = self.definitions.get_key_value(name)?;
        Some((Some(name.as_str()), node))
    }

    fn only_part(self) -> Option<&'a Value> {
        // How a property merges stands beside the reference.
        let says_nothing_else = |key: &String| {
            ["allOf", "default", "description"].contains(&key.as_str())
                || key.starts_with("x-kubernetes-patch-")
        };
        match self.node.get("allOf")?.as_array()?.as_slice() {
            [only] if self.node.as_object()?.keys().all(says_nothing_else) => Some(only),
            _ => None,
        }
    }

    /// The name of the definition that a reference led to, for instance `io.k8s.api.core.v1.ServiceSpec`.
    pub fn definition_name(self) -> Option<&'a str> {
        self.name
    }

    /// The node as JSON.
    pub fn node(self) -> &'a Value {
        self.node
    }

    /// The view of another node that refers to the same definitions.
    pub(crate) fn at(self, node: &'a Value) -> Self {
        Self::new(node, self.definitions)
    }

    fn text(self, key: &str) -> Option<&'a str> {
        self.node.get(key).and_then(Value::as_str)
    }

    /// Whether a keyword is `true`.
    pub(crate) fn flag(self, key: &str) -> bool {
        self.node.get(key).and_then(Value::as_bool).unwrap_or(false)
    }

    /// `type`: `object`, `array`, `string`, `integer`, `number`, `boolean`, or `None` for anything.
    pub fn kind(self) -> Option<&'a str> {
        self.text("type")
    }

    /// `format`: `int32`, `date-time`, `byte`, ...
    pub fn format(self) -> Option<&'a str> {
        self.text("format")
    }

    /// `properties`.
    pub fn properties(self) -> Option<&'a Map<String, Value>> {
        self.node.get("properties").and_then(Value::as_object)
    }

    /// The schema of a declared property.
    pub fn property(self, name: &str) -> Option<Self> {
        self.properties()?.get(name).map(|node| self.at(node))
    }

    /// Whether `required` names a field.
    pub fn requires(self, name: &str) -> bool {
        let required = self.node.get("required").and_then(Value::as_array);
        required.is_some_and(|all| all.iter().any(|one| one == name))
    }

    /// The schema of all values of a map (`additionalProperties` that is a schema).
    pub fn values(self) -> Option<Self> {
        self.node
            .get("additionalProperties")
            .filter(|node| node.is_object())
            .map(|node| self.at(node))
    }

    /// The schema of a field: a declared property, or the value of a map.
    pub fn field(self, name: &str) -> Option<Self> {
        self.property(name).or_else(|| self.values())
    }

    /// The schema of a list's items.
    pub fn items(self) -> Option<Self> {
        self.node.get("items").map(|node| self.at(node))
    }

    /// Whether fields that are not declared are kept: `x-kubernetes-preserve-unknown-fields`,
    /// `additionalProperties: true`, or a node that says nothing of its value.
    pub(crate) fn preserves_unknown(self) -> bool {
        self.flag("x-kubernetes-preserve-unknown-fields")
            || self
                .node
                .get("additionalProperties")
                .and_then(Value::as_bool)
                .unwrap_or(false)
            || self.accepts_anything()
    }

    /// Whether the node says nothing of its value.
    pub(crate) fn accepts_anything(self) -> bool {
        const SAY_SOMETHING: [&str; 5] = ["type", "properties", "additionalProperties", "items", "oneOf"];
        !self.is_int_or_string() && SAY_SOMETHING.iter().all(|key| self.node.get(key).is_none())
    }

    /// Integer or string (`x-kubernetes-int-or-string`, or the format `int-or-string`).
    pub(crate) fn is_int_or_string(self) -> bool {
        self.flag("x-kubernetes-int-or-string") || self.format() == Some("int-or-string")
    }

    /// How a list merges under server-side apply; lists are atomic unless the schema says otherwise.
    pub fn list_type(self) -> ListType<'a> {
        match self.text("x-kubernetes-list-type") {
            Some("set") => ListType::Set,
            Some("map") => self
                .node
                .get("x-kubernetes-list-map-keys")
                .and_then(Value::as_array)
                .map_or(ListType::Atomic, |keys| ListType::Map(keys)),
            _ => ListType::Atomic,
        }
    }

    /// Whether a map or object is replaced as a whole (`x-kubernetes-map-type: atomic`).
    pub fn is_atomic_map(self) -> bool {
        self.text("x-kubernetes-map-type") == Some("atomic")
    }

    /// `x-kubernetes-patch-merge-key`: the key by which strategic merge patch pairs list entries.
    pub fn patch_merge_key(self) -> Option<&'a str> {
        self.text("x-kubernetes-patch-merge-key")
    }

    /// Whether `x-kubernetes-patch-strategy` (a comma-separated list) names a strategy, `merge` or
    /// `retainKeys`.
    pub fn has_patch_strategy(self, strategy: &str) -> bool {
        self.text("x-kubernetes-patch-strategy")
            .is_some_and(|all| all.split(',').any(|one| one == strategy))
    }

    /// `nullable`.
    pub(crate) fn is_nullable(self) -> bool {
        self.flag("nullable")
    }

    /// `default`.
    pub fn default(self) -> Option<&'a Value> {
        self.node.get("default")
    }
}
