//! What clients send to.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use kinglet_model::IpFamily;
use kinglet_nft::{Data, Value};

use crate::backend::{Backend, family, protocol_number};
use crate::plan::{Frontend, PortPlan};
use crate::table::{SetId, SetKind};

/// What a client sends to, before it is translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Destination {
    pub(crate) family: IpFamily,
    pub(crate) protocol: u8,
    pub(crate) port: u16,
    /// Nothing for a port of the node. The last in order: all addresses of a port follow the node's.
    pub(crate) address: Option<IpAddr>,
}

/// Endpoints behind each destination.
pub(crate) type Destinations = BTreeMap<Destination, BTreeSet<Backend>>;

impl Destination {
    pub(super) fn of(port: &PortPlan, frontend: Frontend) -> Self {
        let (address, number) = match frontend {
            Frontend::Cluster(address, number)
            | Frontend::External(address, number)
            | Frontend::LoadBalancer(address, number) => (Some(address), number),
            Frontend::NodePort(number) | Frontend::NodeBalancer(number) => (None, number),
        };
        Self {
            family: port.id.family,
            protocol: protocol_number(port.id.protocol),
            address,
            port: number,
        }
    }

    /// The destination that an element of a verdict map is for, if its set is one.
    pub(super) fn read(set: SetId, key: &Data) -> Option<Self> {
        let (address, protocol, port) = match (set.kind, key.0.as_slice()) {
            (SetKind::Vips, [address, Value::InetProto(protocol), Value::InetService(port)]) => {
                (Some(address.ip()?), *protocol, *port)
            }
            (SetKind::NodePorts, [Value::InetProto(protocol), Value::InetService(port)]) => {
                (None, *protocol, *port)
            }
            _ => return None,
        };
        Some(Self {
            family: family(set.family),
            protocol,
            address,
            port,
        })
    }
}
