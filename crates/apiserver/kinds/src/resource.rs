//! The description of a kind.

use std::sync::Arc;

use kinglet_api_schema::{FieldError, SchemaDocument};
use serde_json::Value;

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
    /// Schema of the kind; `None` accepts everything.
    pub schema: Option<Arc<SchemaDocument>>,
    /// Columns of the Table output after `Name`; empty means `Name` and `Age`.
    pub columns: Columns,
    /// What the kind does beyond storing.
    pub behaviour: Behaviour,
}

/// Where the `scale` subresource (autoscaling/v1 Scale) finds its values: dotted paths such as `spec.replicas`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScalePaths {
    /// Wanted replicas.
    pub spec_replicas: Arc<str>,
    /// Observed replicas.
    pub status_replicas: Arc<str>,
    /// Label selector in text form, if any.
    pub label_selector: Option<Arc<str>>,
}

/// Columns of the Table output.
#[derive(Clone, Debug)]
pub enum Columns {
    /// Only name and age.
    NameAndAge,
    /// Computed by code.
    BuiltIn(&'static [Column]),
    /// `additionalPrinterColumns` of a CustomResourceDefinition, as its JSON.
    Custom(Arc<[Value]>),
}

/// One column of a built-in kind.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Header.
    pub name: &'static str,
    /// OpenAPI type: `string`, `integer`, `boolean`, `date`.
    pub kind: &'static str,
    /// 0 is always shown, 1 with `-o wide`.
    pub priority: i32,
    /// The cell of an object.
    pub cell: fn(&Value) -> Value,
}

/// What a kind does beyond storing. All functions are pure; they see whole objects as JSON.
#[derive(Clone, Copy, Debug)]
pub struct Behaviour {
    /// Fills in defaults; runs on every decoded object before admission.
    pub default: fn(&mut Value),
    /// Rules for an object on its own.
    pub validate: fn(&Value) -> Vec<FieldError>,
    /// Additional rules for a change: (new, old).
    pub validate_update: fn(&Value, &Value) -> Vec<FieldError>,
    /// Whether `metadata.generation` counts changes outside metadata and status.
    pub generation: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            default: |_| {},
            validate: |_| Vec::new(),
            validate_update: |_, _| Vec::new(),
            generation: false,
        }
    }
}
