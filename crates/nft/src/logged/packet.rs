//! One logged packet, and its tuple.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::conntrack::{Layer4, Tuple};
use crate::netlink::{Malformed, Message};

/// `enum nfulnl_attr_type`
mod attribute {
    pub(super) const HEADER: u16 = 1;
    pub(super) const MARK: u16 = 2;
    pub(super) const INPUT: u16 = 4;
    pub(super) const OUTPUT: u16 = 5;
    pub(super) const PAYLOAD: u16 = 9;
    pub(super) const PREFIX: u16 = 10;
}

const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;
const SCTP: u8 = 132;
const UDP_LITE: u8 = 136;
const DCCP: u8 = 33;

/// A packet that a rule logged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logged {
    /// What the rule says ([`Log::prefix`](crate::Log::prefix)).
    pub prefix: String,
    /// The number of the hook (`enum nf_inet_hooks`).
    pub hook: u8,
    /// Its mark.
    pub mark: u32,
    /// Number of the interface that it came by.
    pub input: Option<u32>,
    /// Number of the interface that it goes by.
    pub output: Option<u32>,
    /// The packet from its IP header on, as far as it is copied.
    pub octets: Vec<u8>,
}

impl Logged {
    pub(crate) fn read(message: &Message<'_>) -> Result<Self, Malformed> {
        let mut packet = Self::default();
        for attribute in message.attributes() {
            let attribute = attribute?;
            match attribute.kind {
                // `struct nfulnl_msg_packet_hdr`: a protocol, then the hook.
                attribute::HEADER => packet.hook = attribute.array::<3>()?[2],
                attribute::MARK => packet.mark = attribute.u32()?,
                attribute::INPUT => packet.input = Some(attribute.u32()?),
                attribute::OUTPUT => packet.output = Some(attribute.u32()?),
                attribute::PAYLOAD => packet.octets = attribute.payload.to_vec(),
                attribute::PREFIX => packet.prefix = attribute.text(),
                _ => {}
            }
        }
        Ok(packet)
    }

    /// Its addresses, protocol and ports; nothing if its headers are not copied or are not IP. Only the first
    /// fragment of a packet has ports.
    pub fn tuple(&self) -> Option<Tuple> {
        match self.octets.first()? >> 4 {
            4 => v4(&self.octets),
            6 => v6(&self.octets),
            _ => None,
        }
    }
}

/// RFC 791, section 3.1.
fn v4(octets: &[u8]) -> Option<Tuple> {
    let address = |at: usize| {
        let octets: [u8; 4] = *octets.get(at..)?.first_chunk()?;
        Some(IpAddr::from(Ipv4Addr::from(octets)))
    };
    let header = usize::from(octets.first()? & 0xf) * 4;
    // The fragment offset; what follows the header of a later fragment is data, not ports.
    let later_fragment = u16_at(octets, 6)? & 0x1fff != 0;
    let protocol = *octets.get(9)?;
    let rest = octets.get(header..).unwrap_or_default();
    Some(Tuple {
        source: address(12)?,
        destination: address(16)?,
        protocol,
        layer4: layer4(protocol, if later_fragment { &[] } else { rest }),
    })
}

/// RFC 8200, sections 3 and 4.
fn v6(octets: &[u8]) -> Option<Tuple> {
    let address = |at: usize| {
        let octets: [u8; 16] = *octets.get(at..)?.first_chunk()?;
        Some(IpAddr::from(Ipv6Addr::from(octets)))
    };
    let (mut protocol, mut at, mut later_fragment) = (*octets.get(6)?, 40, false);
    // Hop-by-hop, routing and destination options tell their length; a fragment header has 8 octets.
    while matches!(protocol, 0 | 43 | 44 | 60) {
        let (Some(next), Some(len)) = (octets.get(at), octets.get(at + 1)) else {
            break;
        };
        let len = if protocol == 44 {
            later_fragment = u16_at(octets, at + 2).unwrap_or_default() & 0xfff8 != 0;
            8
        } else {
            // Counted in units of 8 octets, without the first unit.
            (usize::from(*len) + 1) * 8
        };
        (protocol, at) = (*next, at + len);
    }
    let rest = octets.get(at..).unwrap_or_default();
    Some(Tuple {
        source: address(8)?,
        destination: address(24)?,
        protocol,
        layer4: layer4(protocol, if later_fragment { &[] } else { rest }),
    })
}

fn layer4(protocol: u8, octets: &[u8]) -> Layer4 {
    let found = match protocol {
        TCP | UDP | SCTP | UDP_LITE | DCCP => ports(octets),
        ICMP | ICMPV6 => icmp(octets),
        _ => None,
    };
    found.unwrap_or(Layer4::None)
}

fn ports(octets: &[u8]) -> Option<Layer4> {
    Some(Layer4::Ports {
        source: u16_at(octets, 0)?,
        destination: u16_at(octets, 2)?,
    })
}

fn icmp(octets: &[u8]) -> Option<Layer4> {
    Some(Layer4::Icmp {
        kind: *octets.first()?,
        code: *octets.get(1)?,
        id: u16_at(octets, 4)?,
    })
}

fn u16_at(octets: &[u8], at: usize) -> Option<u16> {
    let field = octets.get(at..)?.first_chunk()?;
    Some(u16::from_be_bytes(*field))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(octets: &[u8]) -> Logged {
        Logged {
            octets: octets.to_vec(),
            ..Logged::default()
        }
    }

    /// An IPv4 header from 10.0.0.1 to 10.0.0.2 with an option, and what follows.
    fn packet_v4(protocol: u8, fragment: u16, rest: &[u8]) -> Vec<u8> {
        let mut octets = vec![0x46, 0, 0, 0, 0, 0];
        octets.extend(fragment.to_be_bytes());
        octets.extend([64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 1, 1, 1, 1]);
        octets.extend(rest);
        octets
    }

    /// An IPv6 header from fd00::1 to fd00::2, and what follows.
    fn packet_v6(next: u8, rest: &[u8]) -> Vec<u8> {
        let mut octets = vec![0x60, 0, 0, 0, 0, 0, next, 64];
        for last in 1..=2_u16 {
            octets.extend(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last).octets());
        }
        octets.extend(rest);
        octets
    }

    #[test]
    fn whose_packets_are() {
        let ends = |v6: bool, source, destination| -> ((IpAddr, u16), (IpAddr, u16)) {
            let address = |last: u16| -> IpAddr {
                if v6 {
                    Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last).into()
                } else {
                    Ipv4Addr::new(10, 0, 0, u8::try_from(last).unwrap()).into()
                }
            };
            ((address(1), source), (address(2), destination))
        };
        let ports = [0x12, 0x34, 0, 80];
        let (from, to) = ends(false, 0x1234, 80);
        assert_eq!(
            logged(&packet_v4(TCP, 0, &ports)).tuple(),
            Some(Tuple::new(TCP, from, to))
        );
        let later = logged(&packet_v4(UDP, 1, &ports)).tuple().unwrap();
        assert_eq!((later.protocol, later.layer4), (UDP, Layer4::None));
        let (from, to) = ends(true, 0x1234, 80);
        assert_eq!(
            logged(&packet_v6(UDP, &ports)).tuple(),
            Some(Tuple::new(UDP, from, to))
        );
        // Destination options of 8 octets, then a first fragment.
        let mut rest = vec![44, 0, 0, 0, 0, 0, 0, 0, TCP, 0, 0, 1, 0, 0, 0, 0];
        rest.extend(ports);
        assert_eq!(
            logged(&packet_v6(60, &rest)).tuple(),
            Some(Tuple::new(TCP, from, to))
        );
        rest[11] = 8;
        assert_eq!(
            logged(&packet_v6(60, &rest)).tuple().unwrap().layer4,
            Layer4::None
        );
        let echo = logged(&packet_v6(ICMPV6, &[128, 0, 0, 0, 0, 7])).tuple().unwrap();
        assert_eq!(
            echo.layer4,
            Layer4::Icmp {
                kind: 128,
                code: 0,
                id: 7
            }
        );
    }

    #[test]
    fn what_is_cut_off_is_not_known() {
        for whole in [
            packet_v4(TCP, 0, &[1, 2, 3, 4]),
            packet_v6(60, &[6, 1, 0, 0, 0, 0, 0, 0]),
        ] {
            for len in 0..whole.len() {
                let known = logged(whole.get(..len).unwrap()).tuple();
                assert!(known.is_none_or(|tuple| tuple.layer4 == Layer4::None), "{len}");
            }
        }
        assert_eq!(logged(&[0x10; 64]).tuple(), None);
    }
}
