//! What agents report in an annotation of their Nodes: the ports that processes listen on.

use std::collections::BTreeSet;

use kinglet_model::{Node, Protocol};

use crate::names::ANNOTATION_HOST_PORTS;
use crate::port::Port;

/// Longest value of the annotation in octets. All annotations of an object have 256 KiB together, and all
/// agents and servers watch this one. Ports beyond it are left out.
const LONGEST: usize = 4096;
const PROTOCOLS: [Protocol; 3] = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp];

/// The ports of a node on which its processes listen, other than on loopback addresses only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostPorts {
    ports: BTreeSet<Port>,
}

impl HostPorts {
    /// These ports.
    pub fn new(ports: impl IntoIterator<Item = Port>) -> Self {
        let ports = ports.into_iter().collect();
        Self { ports }
    }

    /// What a Node's agent reports; `None` if there is no agent. Parts that cannot be read are ignored.
    pub fn of(node: &Node) -> Option<Self> {
        node.metadata.annotation(ANNOTATION_HOST_PORTS).map(Self::parse)
    }

    /// All ports, in order.
    pub fn iter(&self) -> impl Iterator<Item = Port> {
        self.ports.iter().copied()
    }

    /// Whether a process listens on a port.
    pub fn contains(&self, port: Port) -> bool {
        self.ports.contains(&port)
    }

    /// The ports that only one of both has.
    pub(crate) fn difference(&self, other: &Self) -> BTreeSet<Port> {
        self.ports.symmetric_difference(&other.ports).copied().collect()
    }

    fn parse(text: &str) -> Self {
        let mut ports = BTreeSet::new();
        for part in text.split(';') {
            let Some((name, list)) = part.split_once(':') else {
                continue;
            };
            let protocol = PROTOCOLS.into_iter().find(|one| one.as_lower() == name);
            let numbers = list.split(',').filter_map(range).flatten();
            ports.extend(protocol.into_iter().flat_map(|protocol| {
                let numbers = numbers.clone();
                numbers.map(move |number| Port::new(protocol, number))
            }));
        }
        Self { ports }
    }

    /// The value of the annotation, for instance `tcp:22,6443-6444;udp:68`; empty if there are no ports.
    pub fn to_annotation(&self) -> String {
        let mut text = String::new();
        for protocol in PROTOCOLS {
            let numbers = self.ports.iter().filter(|port| port.protocol == protocol);
            let ranges = ranges(numbers.map(|port| port.number)).into_iter();
            let mut before = match &*text {
                "" => format!("{}:", protocol.as_lower()),
                _ => format!(";{}:", protocol.as_lower()),
            };
            for part in ranges.map(written) {
                if text.len() + before.len() + part.len() > LONGEST {
                    break;
                }
                text.push_str(&before);
                text.push_str(&part);
                ",".clone_into(&mut before);
            }
        }
        text
    }
}

fn written((first, last): (u16, u16)) -> String {
    match last == first {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    }
}

/// `80` or `80-90`.
fn range(text: &str) -> Option<std::ops::RangeInclusive<u16>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some(first.parse().ok()?..=last.parse().ok()?)
}

/// Numbers in order, joined to ranges.
fn ranges(numbers: impl Iterator<Item = u16>) -> Vec<(u16, u16)> {
    let mut ranges: Vec<(u16, u16)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_annotation_is_short_and_forgiving() {
        let tcp = |number| Port::new(Protocol::Tcp, number);
        let ports = HostPorts::new([tcp(22), tcp(6443), tcp(6444), Port::new(Protocol::Udp, 68)]);
        assert_eq!(ports.to_annotation(), "tcp:22,6443-6444;udp:68");
        assert_eq!(HostPorts::default().to_annotation(), "");
        assert_eq!(
            HostPorts::parse("nonsense;dccp:1;tcp:x,,22,9-1,70000"),
            HostPorts::new([tcp(22)])
        );
    }

    #[test]
    fn the_annotation_is_bounded() {
        let odd = (0..u16::MAX / 2).map(|number| Port::new(Protocol::Tcp, 2 * number + 1));
        let text = HostPorts::new(odd).to_annotation();
        assert!((LONGEST - 8..=LONGEST).contains(&text.len()));
        assert!(HostPorts::parse(&text).iter().count() > 700);
    }

    proptest! {
        #[test]
        fn what_is_reported_is_read(numbers in prop::collection::btree_set((0..3usize, any::<u16>()), 0..100)) {
            let ports = numbers.into_iter().map(|(protocol, number)| Port::new(PROTOCOLS[protocol], number));
            let ports = HostPorts::new(ports);
            prop_assert_eq!(HostPorts::parse(&ports.to_annotation()), ports);
        }

        #[test]
        fn anything_can_be_read(text in ".{0,60}") {
            HostPorts::parse(&text);
        }
    }
}
