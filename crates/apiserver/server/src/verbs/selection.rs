//! Which objects of a collection a list, watch or delete is about.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

use kinglet_model::{FieldSelector, FieldSelectorError, Selector};

use super::call::Call;
use crate::error::ApiError;
use crate::registry::Served;
use crate::store::Stored;

/// A label selector, a field selector, and a name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    labels: Selector,
    fields: FieldSelector,
    namespace: Option<Arc<str>>,
    name: Option<Arc<str>>,
}

impl Selection {
    /// Reads `labelSelector` and `fieldSelector`, and the namespace and name of the path.
    pub(crate) fn read(call: &Call) -> Result<Self, ApiError> {
        let labels = match call.query.text("labelSelector") {
            Some(text) => Selector::parse(text).map_err(|error| ApiError::bad_request(error.to_string()))?,
            None => Selector::default(),
        };
        let wrong = |error: FieldSelectorError| ApiError::bad_request(error.to_string());
        let fields = match call.query.text("fieldSelector") {
            Some(text) => FieldSelector::parse(text).map_err(wrong)?,
            None => FieldSelector::default(),
        };
        let own = call.kind.resource.fields.iter().map(|field| &*field.label);
        let supported: Vec<&str> = own.chain(["metadata.name", "metadata.namespace"]).collect();
        fields.check(&supported).map_err(wrong)?;
        Ok(Self {
            labels,
            fields,
            namespace: call.namespace.clone(),
            name: call.name.clone(),
        })
    }

    /// Whether nothing is left out.
    pub(crate) fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty() && self.name.is_none()
    }

    /// Whether an object is selected.
    pub(crate) fn matches(&self, kind: &Served, stored: &Stored) -> bool {
        let differs = |wanted: &Option<Arc<str>>, found: &Arc<str>| {
            wanted.as_ref().is_some_and(|wanted| wanted != found)
        };
        if differs(&self.namespace, &stored.name.namespace) || differs(&self.name, &stored.name.name) {
            return false;
        }
        let label = |key: &str| stored.labels.get(key).map(AsRef::as_ref);
        self.labels.matches_with(label) && self.matches_fields(kind, stored)
    }

    /// Names are known; other fields are looked up in the decoded object.
    fn matches_fields(&self, kind: &Served, stored: &Stored) -> bool {
        let shown = OnceCell::new();
        self.fields.matches_with(|field| match field {
            "metadata.name" => Some(Cow::Owned(stored.name.name.to_string())),
            "metadata.namespace" => Some(Cow::Owned(stored.name.namespace.to_string())),
            _ => kind
                .resource
                .field(field, shown.get_or_init(|| kind.show(stored)))
                .map(Cow::Owned),
        })
    }
}
