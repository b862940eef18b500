//! Entries and their tuples.

use std::net::IpAddr;
use std::time::Duration;

use crate::types::{CtStatus, L3};

/// What tells connections apart behind the addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer4 {
    /// Ports, of TCP, UDP, SCTP and their like.
    Ports {
        /// Of the sender.
        source: u16,
        /// Of the receiver.
        destination: u16,
    },
    /// ICMP or ICMPv6.
    Icmp {
        /// Of the message.
        kind: u8,
        /// Of the message.
        code: u8,
        /// Of the "echo" conversation.
        id: u16,
    },
    /// Nothing.
    None,
}

/// The packets of one direction of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tuple {
    /// The sender.
    pub source: IpAddr,
    /// The receiver, of the same family.
    pub destination: IpAddr,
    /// The number of the transport protocol.
    pub protocol: u8,
    /// What else tells connections apart.
    pub layer4: Layer4,
}

impl Tuple {
    /// A tuple with ports.
    pub fn new(protocol: u8, source: (IpAddr, u16), destination: (IpAddr, u16)) -> Self {
        Self {
            source: source.0,
            destination: destination.0,
            protocol,
            layer4: Layer4::Ports {
                source: source.1,
                destination: destination.1,
            },
        }
    }

    /// IPv4 or IPv6.
    pub fn family(&self) -> L3 {
        L3::of(self.source)
    }

    /// The sender's port.
    pub fn source_port(&self) -> Option<u16> {
        match self.layer4 {
            Layer4::Ports { source, .. } => Some(source),
            _ => None,
        }
    }

    /// The receiver's port.
    pub fn destination_port(&self) -> Option<u16> {
        match self.layer4 {
            Layer4::Ports { destination, .. } => Some(destination),
            _ => None,
        }
    }
}

/// A connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// Packets of the original direction, before translation.
    pub original: Tuple,
    /// Packets of the reply direction, before their translation: its source is where the original packets
    /// went to.
    pub reply: Tuple,
    /// What is known of it.
    pub status: CtStatus,
    /// Its mark.
    pub mark: u32,
    /// When it is removed unless packets come; none while it is offloaded.
    pub timeout: Option<Duration>,
    /// Its zone.
    pub zone: u16,
    /// Tells it apart from a later entry with the same tuples.
    pub id: u32,
}
