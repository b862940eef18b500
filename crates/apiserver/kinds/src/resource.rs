//! The description of a kind.

use std::sync::Arc;

use jiff::Timestamp;
use kinglet_api_schema::structural::Rules;
use kinglet_api_schema::{FieldError, SchemaDocument};
use serde_json::Value;

/// What can be done with the objects of nearly all kinds.
pub(crate) const VERBS: &[&str] = &[
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];

/// One kind in one version: everything the generic code needs to know of it.
#[derive(Clone, Debug)]
pub struct Resource {
    /// API group, empty for the core group.
    pub group: Arc<str>,
    /// Version within the group.
    pub version: Arc<str>,
    /// Kind.
    pub kind: Arc<str>,
    /// Plural name, as in URLs.
    pub plural: Arc<str>,
    /// Singular name.
    pub singular: Arc<str>,
    /// Kind of a list, usually the kind with `List` appended.
    pub list_kind: Arc<str>,
    /// Short names, for instance `svc`.
    pub short_names: Vec<Arc<str>>,
    /// Categories, for instance `all`.
    pub categories: Vec<Arc<str>>,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
    /// Whether `status` is a subresource.
    pub has_status: bool,
    /// The `scale` subresource.
    pub scale: Option<ScalePaths>,
    /// Verbs of the resource itself, in the order of discovery. Subresources have `get`, `patch` and
    /// `update`.
    pub verbs: &'static [&'static str],
    /// The rule that `metadata.name` follows.
    pub name_rule: NameRule,
    /// Field selectors besides `metadata.name` and `metadata.namespace`; see [`Resource::field`].
    pub fields: Vec<SelectableField>,
    /// Where objects are stored if not under the resource's own group and plural name: another resource holds
    /// them in its own shape.
    pub storage: Option<Storage>,
    /// Schema of the kind; `None` accepts everything.
    pub schema: Option<Arc<SchemaDocument>>,
    /// Rules of the schema in CEL, of custom resources.
    pub rules: Option<Arc<Rules>>,
    /// Columns of the Table output; `table::definitions` and `table::row` read them.
    pub columns: Columns,
    /// What the kind does beyond storing.
    pub behaviour: Behaviour,
    /// What everybody is told (`Warning` header) who asks for the kind in this version.
    pub deprecated: Option<Arc<str>>,
    /// What writers are told (`Warning` header) of a kind that other API servers act on and this one only
    /// stores.
    pub inert: Option<&'static str>,
}

impl Resource {
    /// `apiVersion` of objects: `group/version`, or only the version for the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_string()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Whether a CustomResourceDefinition declares the kind.
    pub fn is_custom(&self) -> bool {
        matches!(self.columns, Columns::NameAndAge | Columns::Custom(_))
    }

    /// The value of an object's field that a field selector names, or `None` if the kind does not support the
    /// selector. A missing value is the empty string, or the zero value of the field's type.
    pub fn field(&self, label: &str, object: &Value) -> Option<String> {
        let text = |path: &str| object.pointer(&pointer(path)).and_then(scalar_text);
        match label {
            "metadata.name" | "metadata.namespace" => Some(text(label).unwrap_or_default()),
            _ => {
                let field = self.fields.iter().find(|field| *field.label == *label)?;
                Some(text(&field.path).unwrap_or_else(|| field.missing.to_owned()))
            }
        }
    }
}

/// `a.b.c` as a JSON pointer.
fn pointer(path: &str) -> String {
    format!("/{}", path.replace('.', "/"))
}

fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// A field selector of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectableField {
    /// Left side of the selector, for instance `spec.nodeName`.
    pub label: Arc<str>,
    /// Dotted path of the value in the object.
    pub path: Arc<str>,
    /// What a missing value counts as.
    pub missing: &'static str,
}

/// The rule that names of a kind's objects follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameRule {
    /// RFC 1123 subdomain: at most 253 characters, labels joined by dots.
    DnsSubdomain,
    /// RFC 1123 label: at most 63 characters.
    DnsLabel,
    /// RFC 1035 label: a label that starts with a letter.
    Rfc1035Label,
    /// Anything that can be one segment of a URL's path.
    PathSegment,
}

/// Objects that another resource stores: `events.k8s.io/v1` Events are the core Events seen in another shape.
#[derive(Clone, Copy, Debug)]
pub struct Storage {
    /// Group that stores the objects.
    pub group: &'static str,
    /// Plural name under which the group stores them.
    pub plural: &'static str,
    /// From the shape of this resource to the stored one, `apiVersion` included.
    pub to_stored: fn(&mut Value),
    /// From the stored shape to that of this resource, `apiVersion` included.
    pub from_stored: fn(&mut Value),
}

/// Where the `scale` subresource (autoscaling/v1 Scale) finds its values: dotted paths such as
/// `spec.replicas`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScalePaths {
    /// Wanted replicas.
    pub spec_replicas: Arc<str>,
    /// Observed replicas.
    pub status_replicas: Arc<str>,
    /// Label selector, if any: a text, or (built-in kinds) a `LabelSelector` object that the subresource
    /// shows as text.
    pub label_selector: Option<Arc<str>>,
}

/// Columns of the Table output.
#[derive(Clone, Debug)]
pub enum Columns {
    /// Name and age: custom resources without columns of their own.
    NameAndAge,
    /// Name and time of creation: built-in kinds without columns of their own.
    NameAndCreation,
    /// Computed by code, `Name` included.
    BuiltIn(&'static [Column]),
    /// `additionalPrinterColumns` of a CustomResourceDefinition, as its JSON; the name comes before them.
    Custom(Arc<[Value]>),
}

/// One column of a built-in kind (meta/v1 `TableColumnDefinition`).
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Header.
    pub name: &'static str,
    /// OpenAPI type: `string`, `integer`, `boolean`, `date`.
    pub kind: &'static str,
    /// OpenAPI format: `name` for the name, else empty.
    pub format: &'static str,
    /// What the column shows.
    pub description: Description,
    /// 0 is always shown, 1 with `-o wide`.
    pub priority: i32,
    /// The cell of an object at a time: ages count from the time.
    pub cell: fn(&Value, Timestamp) -> Value,
}

/// Where the description of a column comes from.
#[derive(Clone, Copy, Debug)]
pub enum Description {
    /// The field that it shows, a dotted path: clients look its description up in the schema.
    Field(&'static str),
    /// A text of its own.
    Text(&'static str),
}

/// What a kind does beyond storing. All functions are pure; they see whole objects as JSON.
#[derive(Clone, Copy, Debug)]
pub struct Behaviour {
    /// Fills in defaults; runs on every decoded object before admission. Running twice changes nothing.
    pub default: fn(&mut Value),
    /// Fields that only the server decides, on create (no old object) and on update of the main resource:
    /// (new, old). Runs after `default` and after status was dropped or taken over.
    pub prepare: fn(&mut Value, Option<&Value>),
    /// Rules for an object on its own, but for its metadata; [`Resource::validate_create`] applies both.
    pub validate: fn(&Value) -> Vec<FieldError>,
    /// Additional rules for a new object.
    pub validate_new: fn(&Value) -> Vec<FieldError>,
    /// Additional rules for a change: (new, old); [`Resource::validate_change`] applies all.
    pub validate_update: fn(&Value, &Value) -> Vec<FieldError>,
    /// Rules for the status, when it alone changes.
    pub validate_status: fn(&Value) -> Vec<FieldError>,
    /// Whether `metadata.generation` counts changes outside metadata and status.
    pub generation: bool,
    /// Whether the object takes addresses and ports from the cluster's ranges: `allocate` completes it before
    /// it is validated.
    pub allocates: bool,
    /// Whether texts that the schema requires must be there. Kinds with rules of their own say it themselves.
    pub by_schema: bool,
}

impl Behaviour {
    /// Nothing beyond storing.
    pub const NONE: Self = Self {
        default: |_| {},
        prepare: |_, _| {},
        validate: |_| Vec::new(),
        validate_new: |_| Vec::new(),
        validate_update: |_, _| Vec::new(),
        validate_status: |_| Vec::new(),
        generation: false,
        allocates: false,
        by_schema: false,
    };

    /// Only the schema says what is required.
    pub(crate) const BY_SCHEMA: Self = Self {
        by_schema: true,
        ..Self::NONE
    };

    /// The same, for a kind whose changes are counted.
    pub(crate) const COUNTED: Self = Self {
        generation: true,
        ..Self::BY_SCHEMA
    };
}

impl Default for Behaviour {
    fn default() -> Self {
        Self::NONE
    }
}
