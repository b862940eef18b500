//! Tracked connections that policies no longer allow, or allow again.
//!
//! Deleting an entry does not end a connection whose server goes on sending: its next packet begins a
//! connection in the other direction, which may be allowed. So the entry stays, with a bit in its mark that
//! the first rule of the table tests.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::AddAssign;

use kinglet_model::Protocol;
use kinglet_nft::{Change, CtStatus, Entry, Layer4, Tuple};
use kinglet_policy::{Packet, Path, Policies, Transport};
use nix::ifaddrs::getifaddrs;

/// Numbers of protocols (IANA).
const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMPV6: u8 = 58;
const SCTP: u8 = 132;

/// How many connections were changed, and how many are revoked now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) revoked: usize,
    pub(crate) restored: usize,
    /// Of all that were looked at.
    pub(crate) marked: usize,
}

impl AddAssign for Judged {
    fn add_assign(&mut self, other: Self) {
        self.revoked += other.revoked;
        self.restored += other.restored;
        self.marked += other.marked;
    }
}

/// Who began a connection, and who answers.
pub(crate) fn ends(entry: &Entry) -> [IpAddr; 2] {
    [entry.original.source, entry.reply.source]
}

/// The changes of marks that make them fit the policies.
pub(crate) fn judge(entries: &[Entry], policies: &Policies, own: &BTreeSet<IpAddr>) -> (Vec<Change>, Judged) {
    let bit = policies.settings().revoked;
    let (mut changes, mut judged) = (Vec::new(), Judged::default());
    for entry in entries {
        let revoked = !policies.allow(&packet(entry, own)) && !is_related(entry);
        judged.marked += usize::from(revoked);
        if revoked == (entry.mark & bit != 0) {
            continue;
        }
        judged.revoked += usize::from(revoked);
        judged.restored += usize::from(!revoked);
        changes.push(Change::Mark {
            original: entry.original,
            zone: entry.zone,
            mark: if revoked { bit } else { 0 },
            mask: bit,
        });
    }
    (changes, judged)
}

/// Whether a conntrack helper expected the connection: what an allowed connection announced (the data of FTP)
/// is allowed with it.
fn is_related(entry: &Entry) -> bool {
    entry.status.contains(CtStatus::EXPECTED)
}

/// The packet that began a connection, as the rules saw it: from its sender, to where its destination was
/// translated.
fn packet(entry: &Entry, own: &BTreeSet<IpAddr>) -> Packet {
    let [source, destination] = ends(entry);
    // Policies never forbid the node to reach its pods (kubelet probes); the rules tell them by the hook.
    let path = if own.contains(&source) {
        Path::FromNode
    } else if own.contains(&destination) {
        Path::ToNode
    } else {
        Path::Forwarded
    };
    Packet {
        path,
        ..Packet::new(source, destination, transport(&entry.original, &entry.reply))
    }
}

fn transport(original: &Tuple, reply: &Tuple) -> Transport {
    // The port after translation: policies are about the pod's port, not the Service's.
    let port = |protocol| Transport::Port(protocol, reply.source_port().unwrap_or_default());
    match (original.protocol, original.layer4) {
        (TCP, _) => port(Protocol::Tcp),
        (UDP, _) => port(Protocol::Udp),
        (SCTP, _) => port(Protocol::Sctp),
        (ICMP | ICMPV6, Layer4::Icmp { kind, .. }) => Transport::Icmp(kind),
        (other, _) => Transport::Other(other),
    }
}

/// Addresses of the node itself, in the network namespace of the process.
pub(crate) fn own_addresses() -> BTreeSet<IpAddr> {
    let interfaces = getifaddrs().into_iter().flatten();
    let addresses = interfaces.filter_map(|interface| {
        let address = interface.address?;
        let v4 = address.as_sockaddr_in().map(|one| IpAddr::from(one.ip()));
        v4.or_else(|| address.as_sockaddr_in6().map(|one| IpAddr::from(one.ip())))
    });
    addresses.collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kinglet_nft::Ownership;
    use kinglet_policy::PolicySettings;
    use serde_json::json;

    use super::*;

    const POD: &str = "10.42.1.7";
    const CLIENT: &str = "10.42.2.9";
    const NODE: &str = "198.18.0.11";
    const BIT: u32 = 1 << 31;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// One pod, which everybody may reach on port 80 with TCP, and which may reach nobody.
    fn policies() -> Policies {
        let settings = PolicySettings {
            node: "here".into(),
            ..PolicySettings::default()
        };
        let mut policies = Policies::new(settings, Ownership::Shared);
        let pod = json!({
            "metadata": {"namespace": "shop", "name": "web"},
            "spec": {"nodeName": "here"},
            "status": {"phase": "Running", "podIP": POD},
        });
        let policy = json!({
            "metadata": {"namespace": "shop", "name": "p"},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{"ports": [{"port": 80}]}]},
        });
        policies.apply_pod(Arc::new(serde_json::from_value(pod).unwrap()));
        policies.apply_policy(&serde_json::from_value(policy).unwrap());
        policies.settle();
        policies
    }

    /// A connection to a Service, which is translated to a port of an endpoint.
    fn entry(protocol: u8, from: &str, to: (&str, u16), mark: u32) -> Entry {
        let client = (address(from), 40_000);
        Entry {
            original: Tuple::new(protocol, client, (address("10.43.0.1"), 443)),
            reply: Tuple::new(protocol, (address(to.0), to.1), client),
            status: CtStatus::default(),
            mark,
            timeout: None,
            zone: 0,
            id: 1,
        }
    }

    /// The bit that is set or cleared, if it is changed.
    fn change(entry: Entry) -> Option<bool> {
        let (changes, judged) = judge(&[entry], &policies(), &BTreeSet::from([address(NODE)]));
        assert_eq!(judged.revoked + judged.restored, changes.len());
        match changes[..] {
            [] => None,
            [Change::Mark { mark, mask: BIT, .. }] => Some(mark == BIT),
            ref other => panic!("{other:?}"),
        }
    }

    #[test]
    fn connections_are_judged_by_where_they_were_translated_to() {
        let other = 0x4000;
        for (entry, expected) in [
            (entry(TCP, CLIENT, (POD, 80), other), None),
            (entry(TCP, CLIENT, (POD, 80), other | BIT), Some(false)),
            (entry(TCP, CLIENT, (POD, 81), other), Some(true)),
            (entry(TCP, CLIENT, (POD, 81), other | BIT), None),
            (entry(UDP, CLIENT, (POD, 80), 0), Some(true)),
            (entry(TCP, POD, (CLIENT, 80), 0), Some(true)),
            // The node to its pod is never policed, the pod to its node is.
            (entry(TCP, NODE, (POD, 81), 0), None),
            (entry(TCP, POD, (NODE, 6443), 0), Some(true)),
            // Nobody's business here.
            (entry(TCP, CLIENT, (NODE, 6443), 0), None),
        ] {
            assert_eq!(change(entry), expected, "{entry:?}");
        }
    }

    #[test]
    fn what_an_allowed_connection_announced_goes_on() {
        let mut announced = entry(TCP, CLIENT, (POD, 2121), 0);
        announced.status = CtStatus::EXPECTED;
        assert_eq!(change(announced), None);
    }
}
