//! The annotations with which an agent describes its node, and the labels that older agents wrote instead.

use std::net::IpAddr;

use kinglet_model::{Meta, Node, NodeAddress};

use crate::keys::{EXTERNAL_DNS, EXTERNAL_IP, HOSTNAME, INTERNAL_DNS, INTERNAL_IP};
use crate::problem::NodeProblem;

/// Longest DNS name, in octets (RFC 1035, section 2.3.4).
const LONGEST_NAME: usize = 253;

/// The addresses in the annotations of a Node, in K3s' order (InternalIP, ExternalIP, InternalDNS,
/// ExternalDNS, Hostname), and the entries that are left out. An annotation hides the label of the same name.
pub(crate) fn addresses(node: &Node) -> (Vec<NodeAddress>, Vec<NodeProblem>) {
    let meta = &node.metadata;
    let mut reader = Reader::default();
    reader.take("InternalIP", INTERNAL_IP, &list_or_label(meta, INTERNAL_IP), ip);
    reader.take("ExternalIP", EXTERNAL_IP, &list_or_label(meta, EXTERNAL_IP), ip);
    reader.take("InternalDNS", INTERNAL_DNS, &list(meta, INTERNAL_DNS), name);
    reader.take("ExternalDNS", EXTERNAL_DNS, &list(meta, EXTERNAL_DNS), name);
    let host: Vec<&str> = value(meta, HOSTNAME).into_iter().collect();
    reader.take("Hostname", HOSTNAME, &host, name);
    (reader.addresses, reader.problems)
}

/// The value of an annotation or, without it, of the label of the same name. An empty value is none.
pub(crate) fn value<'a>(meta: &'a Meta, key: &str) -> Option<&'a str> {
    let filled = |text: &&str| !text.trim().is_empty();
    let annotation = meta.annotation(key).filter(filled);
    annotation.or_else(|| meta.label(key).filter(filled))
}

/// The entries of an annotation.
pub(crate) fn list<'a>(meta: &'a Meta, key: &str) -> Vec<&'a str> {
    let entries = meta.annotation(key).unwrap_or_default().split(',');
    entries.map(str::trim).filter(|entry| !entry.is_empty()).collect()
}

/// The entries of an annotation or, without any, the label of the same name, which is no list.
fn list_or_label<'a>(meta: &'a Meta, key: &str) -> Vec<&'a str> {
    let entries = list(meta, key);
    if entries.is_empty() {
        return meta
            .label(key)
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .into_iter()
            .collect();
    }
    entries
}

/// Whether an entry can be used; otherwise, what is accepted.
type Check = fn(&str) -> Result<(), &'static str>;

#[derive(Default)]
struct Reader {
    addresses: Vec<NodeAddress>,
    problems: Vec<NodeProblem>,
}

impl Reader {
    /// Adds what can be used, each address once.
    fn take(&mut self, kind: &str, key: &'static str, entries: &[&str], check: Check) {
        for entry in entries {
            // One bad entry does not take the good ones: the node stays reachable by these.
            if let Err(accepted) = check(entry) {
                let value = (*entry).to_owned();
                self.problems.push(NodeProblem::Unusable { key, value, accepted });
                continue;
            }
            let address = NodeAddress {
                kind: kind.into(),
                address: (*entry).into(),
            };
            if !self.addresses.iter().any(|known| is_same(known, &address)) {
                self.addresses.push(address);
            }
        }
    }
}

/// Two spellings of an IPv6 address are one address.
fn is_same(one: &NodeAddress, other: &NodeAddress) -> bool {
    let parsed = |address: &NodeAddress| address.address.parse::<IpAddr>().ok();
    one.kind == other.kind
        && (one.address == other.address || parsed(one).is_some_and(|ip| Some(ip) == parsed(other)))
}

fn ip(text: &str) -> Result<(), &'static str> {
    // What no other machine can send to, or what means every one.
    let usable = |ip: IpAddr| !ip.is_unspecified() && !ip.is_multicast() && !ip.is_loopback();
    match text.parse::<IpAddr>() {
        Ok(ip) if usable(ip) => Ok(()),
        Ok(_) => Err("an address by which others reach the node is accepted"),
        Err(_) => Err("an IPv4 or IPv6 address is accepted"),
    }
}

/// Host names may be more than DNS allows, but no list and no text.
fn name(text: &str) -> Result<(), &'static str> {
    let usable = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(usable) {
        Ok(())
    } else {
        Err("a name of at most 253 letters, digits, dashes, underscores and dots is accepted")
    }
}
