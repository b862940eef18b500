//! What the schema says of a value's shape, in the terms of structured-merge-diff: scalars, lists and maps,
//! each whole (atomic) or in parts.

use std::sync::LazyLock;

use kinglet_api_schema::{ListType, Schema};
use serde_json::{Map, Value};

const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const RAW_EXTENSION: &str = "io.k8s.apimachinery.pkg.runtime.RawExtension";

static EMPTY_MAP: LazyLock<Value> = LazyLock::new(|| Value::Object(Map::new()));

/// The type of a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Type<'a> {
    /// As a schema says.
    Declared(Node<'a>),
    /// No schema: maps in parts, lists whole.
    Deduced,
    /// No schema, and whole whatever it is.
    Whole,
}

/// A schema node with what its surroundings say of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node<'a> {
    schema: Schema<'a>,
    /// Unknown fields are kept, as this node or one around it says.
    open: bool,
    /// `x-kubernetes-map-type` beside a reference outweighs that of the definition.
    atomic: Option<bool>,
}

/// The shape of one value.
pub(super) enum Shape<'a> {
    /// A map; whole or in parts.
    Map {
        /// Replaced as a whole.
        atomic: bool,
    },
    /// A list; whole or in parts.
    List(List<'a>),
    /// A scalar.
    Scalar(ScalarKind),
}

/// The type of a list.
pub(super) struct List<'a> {
    /// How its items are told apart.
    pub(super) identity: Identity<'a>,
    /// The type of its items.
    pub(super) item: Type<'a>,
}

/// How the items of a list are told apart.
#[derive(PartialEq, Eq)]
pub(super) enum Identity<'a> {
    /// Not at all: the list is whole.
    None,
    /// By value.
    Value,
    /// By these fields.
    Keys(Vec<&'a str>),
}

/// What a scalar may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScalarKind {
    Any,
    Number,
    String,
    Boolean,
}

/// The three alternatives, as far as a type allows them.
struct Allowed {
    map: bool,
    scalar: Option<ScalarKind>,
    list: bool,
}

impl<'a> Type<'a> {
    /// The type that a schema describes.
    pub(super) fn of(schema: Schema<'a>) -> Self {
        Self::node(schema, None, false)
    }

    /// A type by its resolved schema and the node that led there.
    fn node(schema: Schema<'a>, raw: Option<&Value>, around_open: bool) -> Self {
        // It holds an object of another kind, of which this schema knows nothing.
        if schema.definition_name() == Some(RAW_EXTENSION) {
            return Self::Whole;
        }
        let referred = raw.is_some_and(|raw| raw.get("$ref").is_some() || raw.get("allOf").is_some());
        let flag = "x-kubernetes-preserve-unknown-fields";
        let own_open = schema.node().get(flag).and_then(Value::as_bool) == Some(true);
        let map_type = raw
            .and_then(|raw| raw.get("x-kubernetes-map-type"))
            .and_then(Value::as_str);
        Self::Declared(Node {
            schema,
            open: own_open || (around_open && !referred),
            atomic: map_type.map(|kind| kind == "atomic"),
        })
    }

    fn allowed(self) -> Allowed {
        let all = Allowed {
            map: true,
            scalar: Some(ScalarKind::Any),
            list: true,
        };
        let scalar = |kind| Allowed {
            map: false,
            scalar: Some(kind),
            list: false,
        };
        let Self::Declared(node) = self else {
            return all;
        };
        match node.schema.kind() {
            Some("object") => Allowed {
                scalar: None,
                list: false,
                ..all
            },
            Some("array") => Allowed {
                scalar: None,
                map: false,
                ..all
            },
            // Texts of other formats, such as `int-or-string`, are scalars of any kind to kube-openapi.
            Some("string") if node.schema.format().is_none_or(|format| format == "byte") => {
                scalar(ScalarKind::String)
            }
            Some("integer" | "number") => scalar(ScalarKind::Number),
            Some("boolean") => scalar(ScalarKind::Boolean),
            Some(_) => scalar(ScalarKind::Any),
            // Written as texts or as numbers.
            None if node.schema.definition_name() == Some(QUANTITY) => scalar(ScalarKind::Any),
            None => all,
        }
    }

    /// The shape that a value has by this type; for `null`, or a value that the type does not allow, the
    /// first shape that it allows.
    pub(super) fn shape(self, value: Option<&Value>) -> Shape<'a> {
        let allowed = self.allowed();
        let map = || Shape::Map {
            atomic: self.is_atomic_map(),
        };
        match (value, allowed.scalar) {
            (Some(Value::Object(_)), _) if allowed.map => map(),
            (Some(Value::Array(_)), _) if allowed.list => Shape::List(self.list()),
            (Some(Value::Bool(_) | Value::Number(_) | Value::String(_)), Some(kind)) => Shape::Scalar(kind),
            _ if allowed.map => map(),
            (_, Some(kind)) => Shape::Scalar(kind),
            _ => Shape::List(self.list()),
        }
    }

    fn is_atomic_map(self) -> bool {
        match self {
            Self::Declared(node) => node.atomic.unwrap_or_else(|| node.schema.is_atomic_map()),
            Self::Deduced => false,
            Self::Whole => true,
        }
    }

    /// The type of a list's items and how they are told apart. Where the schema has no list type, the
    /// strategy of strategic merge patch tells.
    fn list(self) -> List<'a> {
        let Self::Declared(node) = self else {
            return List {
                identity: Identity::None,
                item: Self::Whole,
            };
        };
        let schema = node.schema;
        let raw = schema.node().get("items");
        let item = schema
            .items()
            .map_or(Self::Whole, |item| Self::node(item, raw, node.open));
        let by_strategy =
            schema.node().get("x-kubernetes-list-type").is_none() && schema.has_patch_strategy("merge");
        let identity = match schema.list_type() {
            ListType::Map(keys) => Identity::Keys(keys.iter().filter_map(Value::as_str).collect()),
            ListType::Set => Identity::Value,
            ListType::Atomic if by_strategy => schema
                .patch_merge_key()
                .map_or(Identity::Value, |key| Identity::Keys(vec![key])),
            ListType::Atomic => Identity::None,
        };
        List { identity, item }
    }

    /// The raw node of a declared field.
    pub(super) fn declaration(self, name: &str) -> Option<&'a Value> {
        match self {
            Self::Declared(node) => node.schema.properties()?.get(name),
            Self::Deduced | Self::Whole => None,
        }
    }

    /// Whether a map declares a field by name.
    pub(super) fn declares(self, name: &str) -> bool {
        self.declaration(name).is_some()
    }

    /// The type of a field of a map; `None` for a field that the schema does not allow.
    pub(super) fn field(self, name: &str) -> Option<Self> {
        let Self::Declared(node) = self else {
            return Some(self);
        };
        if let Some(raw) = self.declaration(name) {
            let schema = node.schema.property(name)?;
            return Some(Self::node(schema, Some(raw), node.open));
        }
        match node.schema.node().get("additionalProperties") {
            Some(Value::Bool(allowed)) => allowed.then_some(Self::Deduced),
            Some(raw) => Some(Self::node(node.schema.values()?, Some(raw), node.open)),
            None => {
                let free = node.schema.properties().is_none_or(Map::is_empty);
                (free || node.open).then_some(Self::Deduced)
            }
        }
    }

    /// The type of the items, where the type is a list.
    pub(super) fn item(self) -> Option<Self> {
        self.allowed().list.then(|| self.list().item)
    }

    /// Whether this is one of Kubernetes' own types. Their objects do not tell an unset field from `null` or,
    /// where the field is not optional, from zero.
    pub(super) fn is_built_in(self) -> bool {
        let Self::Declared(node) = self else {
            return false;
        };
        let name = node.schema.definition_name();
        name.is_some_and(|name| name.starts_with("io.k8s."))
    }

    /// Fields that a type of Kubernetes always shows, be they set or not, with what they show then:
    /// structures that are not optional, and required lists and maps. Such a field is never added or removed,
    /// so that nobody owns it.
    pub(super) fn always_shown(self) -> Vec<(&'a str, &'static Value)> {
        let Self::Declared(node) = self else {
            return Vec::new();
        };
        let Some(properties) = node.schema.properties().filter(|_| self.is_built_in()) else {
            return Vec::new();
        };
        let required = node.schema.node().get("required").and_then(Value::as_array);
        let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
        let shown = |(name, raw): (&'a String, &'a Value)| {
            if raw.get("default") == Some(&*EMPTY_MAP) {
                return Some((name.as_str(), &*EMPTY_MAP));
            }
            let scalar = matches!(
                raw.get("type").and_then(Value::as_str),
                Some("string" | "integer" | "number" | "boolean")
            );
            (is_required(name) && !scalar).then_some((name.as_str(), &Value::Null))
        };
        properties.iter().filter_map(shown).collect()
    }

    /// What an unset scalar of a type of Kubernetes counts as, where the field is not optional: the empty
    /// text, zero or `false`.
    pub(super) fn zero(self, name: &str) -> Option<&'a Value> {
        let default = self.declaration(name)?.get("default")?;
        let zero = match default {
            Value::String(text) => text.is_empty(),
            Value::Number(number) => number.as_f64() == Some(0.0),
            Value::Bool(flag) => !flag,
            _ => false,
        };
        (zero && self.is_built_in()).then_some(default)
    }
}
