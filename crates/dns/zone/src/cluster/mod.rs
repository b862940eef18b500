//! Cluster objects, reduced to what answers need and compared cheaply: a change that alters no answer stops
//! here.

mod reverse;
mod service;
mod slice;

use std::sync::Arc;

use kinglet_dns_wire::{NameError, push_label};
use kinglet_model::{ObjectName, Protocol};

pub(crate) use reverse::{Owner, ReverseTable};
pub(crate) use service::{Ask, Entry, Kind, Service, Spec};
pub(crate) use slice::{Endpoint, Slice};

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

/// A port of a Service or of a slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Port {
    /// Lower case; empty for an unnamed port.
    name: Box<[u8]>,
    protocol: Protocol,
    /// Absent if no SRV record can be made: all ports of a slice, or the stand-in for no ports at all.
    pub(crate) number: Option<u16>,
}

impl Port {
    fn new(name: &str, protocol: Protocol, number: Option<u16>) -> Self {
        Self {
            name: name.to_ascii_lowercase().into_bytes().into(),
            protocol,
            number,
        }
    }

    /// Stands in where there are no ports, so that there are addresses all the same.
    fn none() -> Self {
        Self::new("", Protocol::Tcp, None)
    }

    /// Whether the port is asked for by these labels, whose leading underscore is optional.
    fn matches(&self, name: &[u8], protocol: &[u8]) -> bool {
        let name = name.strip_prefix(b"_").unwrap_or(name);
        let protocol = protocol.strip_prefix(b"_").unwrap_or(protocol);
        !name.is_empty() && *self.name == *name && self.protocol.as_lower().as_bytes() == protocol
    }

    /// Whether there is a name `_port._protocol` below the label `_protocol`.
    fn is_below(&self, protocol: &[u8]) -> bool {
        !self.name.is_empty() && protocol.strip_prefix(b"_") == Some(self.protocol.as_lower().as_bytes())
    }
}

/// The ports, or the stand-in for none.
fn ports(ports: impl Iterator<Item = Port>) -> Box<[Port]> {
    let mut ports: Vec<Port> = ports.collect();
    if ports.is_empty() {
        ports.push(Port::none());
    }
    ports.into()
}
