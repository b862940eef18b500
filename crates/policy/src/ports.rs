//! Sets of protocols and ports.

use std::collections::BTreeMap;
use std::fmt;

use kinglet_model::Protocol;

use crate::intervals::Intervals;
use crate::packet::Transport;

/// All protocols, or some ports of some protocols. All ports of a protocol are 0 to 65535: such an interval
/// becomes a rule that compares the protocol only.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PortSet {
    all: bool,
    ports: BTreeMap<Protocol, Intervals<u16>>,
}

impl PortSet {
    /// All protocols, with and without ports.
    pub(crate) fn all() -> Self {
        Self {
            all: true,
            ports: BTreeMap::new(),
        }
    }

    /// Ports of a protocol, both ends included.
    pub(crate) fn of(protocol: Protocol, first: u16, last: u16) -> Self {
        let ports = BTreeMap::from([(protocol, Intervals::of(first, last))]);
        Self { all: false, ports }
    }

    /// All ports of a protocol.
    pub(crate) fn whole(protocol: Protocol) -> Self {
        Self::of(protocol, 0, u16::MAX)
    }

    pub(crate) fn is_all(&self) -> bool {
        self.all
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.all && self.ports.is_empty()
    }

    pub(crate) fn contains(&self, transport: Transport) -> bool {
        let has = |protocol, port| {
            self.ports
                .get(&protocol)
                .is_some_and(|ports| ports.contains(port))
        };
        self.all || matches!(transport, Transport::Port(protocol, port) if has(protocol, port))
    }

    pub(crate) fn add(&mut self, other: &Self) {
        if self.all || other.all {
            *self = Self::all();
            return;
        }
        for (protocol, ports) in &other.ports {
            self.ports.entry(*protocol).or_default().add(ports);
        }
    }

    pub(crate) fn subtract(&mut self, other: &Self) {
        if other.all {
            *self = Self::default();
        }
        for (protocol, ports) in &other.ports {
            if let Some(left) = self.ports.get_mut(protocol) {
                left.subtract(ports);
            }
        }
        self.ports.retain(|_, ports| !ports.is_empty());
    }

    /// Protocols with their ports, unless all are meant.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Protocol, u16, u16)> + '_ {
        self.ports
            .iter()
            .flat_map(|(protocol, ports)| ports.iter().map(|(first, last)| (*protocol, first, last)))
    }
}

impl fmt::Display for PortSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.all {
            return formatter.write_str("all");
        }
        for (index, (protocol, first, last)) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(formatter, "{comma}{}:{first}-{last}", protocol.as_lower())?;
        }
        Ok(())
    }
}
