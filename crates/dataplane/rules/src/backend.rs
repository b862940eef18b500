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

/// The family as Services name it.
pub(crate) fn family(layer3: L3) -> IpFamily {
    match layer3 {
        L3::Ipv4 => IpFamily::V4,
        L3::Ipv6 => IpFamily::V6,
    }
}

/// The number of the protocol (IANA).
pub(crate) fn protocol_number(protocol: Protocol) -> u8 {
    match protocol {
        Protocol::Tcp => 6,
        Protocol::Udp => 17,
        Protocol::Sctp => 132,
    }
}

/// The protocol as rules name it.
pub(crate) fn protocol_value(protocol: Protocol) -> Value {
    Value::InetProto(protocol_number(protocol))
}
