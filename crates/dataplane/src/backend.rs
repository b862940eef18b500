//! Where connections end up.

use std::net::IpAddr;

use kinglet_model::{IpFamily, Protocol};
use kinglet_nft::{L3, Value};

/// An endpoint's address and port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Backend {
    pub(crate) address: IpAddr,
    pub(crate) port: u16,
}

/// The family as rules name it.
pub(crate) fn layer3(family: IpFamily) -> L3 {
    match family {
        IpFamily::V4 => L3::Ipv4,
        IpFamily::V6 => L3::Ipv6,
    }
}

/// The protocol as rules name it.
pub(crate) fn protocol_number(protocol: Protocol) -> Value {
    match protocol {
        Protocol::Tcp => Value::TCP,
        Protocol::Udp => Value::UDP,
        Protocol::Sctp => Value::SCTP,
    }
}
