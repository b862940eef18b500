//! What a rule has established so far about the packet, which decides what a field depends on.

use super::{Field, Header, InvalidReason, Match, Meta, Operator, Protocol, Right};
use crate::object::Family;
use crate::types::{L3, Value};

/// What is known of the packet at a point of a rule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context {
    pub(crate) family: Family,
    pub(crate) network: Option<L3>,
    pub(crate) transport: Option<u8>,
    ether: bool,
}

/// What must be tested before a field is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dependency {
    /// `meta nfproto`
    NfProto(L3),
    /// `meta protocol`
    EtherType(u16),
    /// `meta l4proto`
    L4Proto(u8),
    /// `meta iiftype ether`
    EtherDevice,
}

impl Context {
    /// The beginning of a rule.
    pub(crate) fn new(family: Family) -> Self {
        // Tables of one family see no packets of the other.
        let network = match family {
            Family::Ip => Some(L3::Ipv4),
            Family::Ip6 => Some(L3::Ipv6),
            _ => None,
        };
        Self {
            family,
            network,
            transport: None,
            // A bridge has Ethernet frames only.
            ether: family == Family::Bridge,
        }
    }

    /// What must be tested before the field is loaded; it counts as established from then on. A payload
    /// expression loads octets at an offset, whatever header is there: without the tests, `ip saddr` would
    /// read octets of an IPv6 header in an `inet` table.
    pub(crate) fn require(&mut self, field: &Field) -> Result<Vec<Dependency>, InvalidReason> {
        match field {
            Field::Header(header) => self.require_header(*header),
            Field::Jhash(jhash) => {
                let mut all = Vec::new();
                for one in jhash.over.fields() {
                    all.extend(self.require(one)?);
                }
                Ok(all)
            }
            _ => Ok(Vec::new()),
        }
    }

    fn require_header(&mut self, header: Header) -> Result<Vec<Dependency>, InvalidReason> {
        let mut dependencies = Vec::new();
        match header.protocol() {
            Protocol::Network(wanted) => dependencies.extend(self.network(wanted, header)?),
            Protocol::Number(number) => {
                // ICMP and ICMPv6 exist in one family each; their numbers alone would match stray packets of
                // the other.
                match number {
                    1 => dependencies.extend(self.network(L3::Ipv4, header)?),
                    58 => dependencies.extend(self.network(L3::Ipv6, header)?),
                    _ => {}
                }
                if self.transport != Some(number) {
                    self.transport = Some(number);
                    // `meta l4proto` is behind IPv6 extension headers, where `ip6 nexthdr` is not.
                    dependencies.push(Dependency::L4Proto(number));
                }
            }
            // Other devices, such as tunnels, have no Ethernet header.
            Protocol::Ether if !self.ether => {
                self.ether = true;
                dependencies.push(Dependency::EtherDevice);
            }
            Protocol::Ether | Protocol::Transport => {}
        }
        Ok(dependencies)
    }

    fn network(&mut self, wanted: L3, header: Header) -> Result<Option<Dependency>, InvalidReason> {
        if self.network == Some(wanted) {
            return Ok(None);
        }
        if matches!(self.family, Family::Ip | Family::Ip6) {
            return Err(InvalidReason::NoSuchField {
                field: header.words().into(),
                family: self.family,
            });
        }
        // Later fields of the same family need no second test.
        self.network = Some(wanted);
        // In bridge and netdev tables `meta nfproto` is that of the table, not that of the packet.
        Ok(Some(match (self.family, wanted) {
            (Family::Inet, _) => Dependency::NfProto(wanted),
            (_, L3::Ipv4) => Dependency::EtherType(0x0800),
            (_, L3::Ipv6) => Dependency::EtherType(0x86dd),
        }))
    }

    /// Takes note of what a comparison establishes.
    pub(crate) fn note(&mut self, one: &Match) {
        let ([field], Operator::Is, Right::Value(value)) = (one.left.fields(), one.operator, &one.right)
        else {
            return;
        };
        match (field, value.0.as_slice()) {
            (Field::Meta(Meta::NfProto), [Value::NfProto(family)]) => self.network = Some(*family),
            (Field::Meta(Meta::L4Proto), [Value::InetProto(number)]) => self.transport = Some(*number),
            (Field::Header(Header::IpProtocol | Header::Ip6Nexthdr), [Value::InetProto(number)]) => {
                self.transport = Some(*number);
            }
            (Field::Meta(Meta::Protocol), [Value::EtherType(0x0800)]) => self.network = Some(L3::Ipv4),
            (Field::Meta(Meta::Protocol), [Value::EtherType(0x86dd)]) => self.network = Some(L3::Ipv6),
            _ => {}
        }
    }
}
