//! A line of the table of built-in kinds.

use std::sync::Arc;

use kinglet_api_schema::builtin::document;

use crate::resource::VERBS;
use crate::{Behaviour, Columns, NameRule, Resource, ScalePaths, SelectableField, Storage};

/// A version of a group.
pub(super) struct Group {
    pub(super) group: &'static str,
    pub(super) version: &'static str,
    pub(super) kinds: &'static [Kind],
}

/// One line of the table; what a line does not say comes from [`NAMESPACED`] or [`CLUSTER`].
pub(super) struct Kind {
    pub(super) kind: &'static str,
    pub(super) plural: &'static str,
    pub(super) short: &'static [&'static str],
    pub(super) categories: &'static [&'static str],
    pub(super) namespaced: bool,
    pub(super) status: bool,
    pub(super) scale: bool,
    pub(super) verbs: &'static [&'static str],
    pub(super) name: NameRule,
    pub(super) fields: &'static [Field],
    pub(super) storage: Option<Storage>,
    pub(super) columns: Columns,
    pub(super) behaviour: Behaviour,
    /// What everybody is told of a version that should not be used any more.
    pub(super) deprecated: Option<&'static str>,
    /// What writers are told of a kind that is only stored.
    pub(super) inert: Option<&'static str>,
}

/// Selector, path, value when missing.
pub(super) type Field = (&'static str, &'static str, &'static str);

/// The category `all` of kubectl.
pub(super) const ALL: &[&str] = &["all"];

/// A namespaced kind without anything particular.
pub(super) const NAMESPACED: Kind = Kind {
    kind: "",
    plural: "",
    short: &[],
    categories: &[],
    namespaced: true,
    status: false,
    scale: false,
    verbs: VERBS,
    name: NameRule::DnsSubdomain,
    fields: &[],
    storage: None,
    columns: Columns::NameAndCreation,
    behaviour: Behaviour::NONE,
    deprecated: None,
    inert: None,
};
/// The same for a kind of the cluster.
pub(super) const CLUSTER: Kind = Kind {
    namespaced: false,
    ..NAMESPACED
};

impl Kind {
    /// The kind as the rest of the crate knows it.
    pub(super) fn resource(&self, group: &Group) -> Resource {
        Resource {
            group: group.group.into(),
            version: group.version.into(),
            kind: self.kind.into(),
            plural: self.plural.into(),
            singular: self.kind.to_lowercase().into(),
            list_kind: format!("{}List", self.kind).into(),
            short_names: shared(self.short),
            categories: shared(self.categories),
            namespaced: self.namespaced,
            has_status: self.status,
            scale: self.scale.then(scale_paths),
            verbs: self.verbs,
            name_rule: self.name,
            fields: self.fields.iter().map(selectable).collect(),
            storage: self.storage,
            schema: document(group.group, group.version, self.kind),
            rules: None,
            columns: self.columns.clone(),
            behaviour: self.behaviour,
            deprecated: self.deprecated.map(Arc::from),
            inert: self.inert,
        }
    }
}

fn shared(texts: &[&str]) -> Vec<Arc<str>> {
    texts.iter().map(|text| Arc::from(*text)).collect()
}

fn selectable((label, path, missing): &Field) -> SelectableField {
    SelectableField {
        label: Arc::from(*label),
        path: Arc::from(*path),
        missing,
    }
}

fn scale_paths() -> ScalePaths {
    ScalePaths {
        spec_replicas: "spec.replicas".into(),
        status_replicas: "status.replicas".into(),
        label_selector: Some("spec.selector".into()),
    }
}
