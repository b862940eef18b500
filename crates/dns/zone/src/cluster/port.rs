//! Ports, as SRV questions name them.

use kinglet_model::Protocol;

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
    pub(super) fn new(name: &str, protocol: Protocol, number: Option<u16>) -> Self {
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
    pub(super) fn matches(&self, name: &[u8], protocol: &[u8]) -> bool {
        // RFC 2782 wants the underscores; CoreDNS takes labels without them as well.
        let name = name.strip_prefix(b"_").unwrap_or(name);
        let protocol = protocol.strip_prefix(b"_").unwrap_or(protocol);
        !name.is_empty() && *self.name == *name && self.protocol.as_lower().as_bytes() == protocol
    }

    /// Whether there is a name `_port._protocol` below the label `_protocol`.
    pub(super) fn is_below(&self, protocol: &[u8]) -> bool {
        !self.name.is_empty() && protocol.strip_prefix(b"_") == Some(self.protocol.as_lower().as_bytes())
    }
}

/// The ports, or the stand-in for none.
pub(super) fn ports(ports: impl Iterator<Item = Port>) -> Box<[Port]> {
    let mut ports: Vec<Port> = ports.collect();
    if ports.is_empty() {
        ports.push(Port::none());
    }
    ports.into()
}
