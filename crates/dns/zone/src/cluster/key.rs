//! Names of objects as parts of domain names.

use std::sync::Arc;

use kinglet_dns_wire::{NameError, push_label};
use kinglet_model::ObjectName;

use crate::table::Keyed;

/// `<service>.<namespace>` in wire format and lower case, without a root label: the key of a Service, and a
/// part of its names.
pub(crate) type ServiceKey = Arc<[u8]>;

/// The key of a Service, unless its name or namespace cannot be labels.
pub(crate) fn service_key(name: &ObjectName) -> Result<ServiceKey, NameError> {
    let mut wire = Vec::with_capacity(name.name.len() + name.namespace.len() + 2);
    push_label(&mut wire, &name.name)?;
    push_label(&mut wire, &name.namespace)?;
    Ok(wire.to_ascii_lowercase().into())
}

/// A Namespace, as a label in lower case.
#[derive(Clone)]
pub(crate) struct Namespace(pub(crate) Box<[u8]>);

impl Keyed for Namespace {
    type Key = [u8];

    fn key(&self) -> &[u8] {
        &self.0
    }
}
