//! The addresses that a Service publishes.

use std::collections::BTreeSet;
use std::net::IpAddr;

use kinglet_model::{IpFamily, Node};

/// The addresses of nodes, family by family in the order of `spec.ipFamilies`: of each family the external
/// ones, or, if no node has any, the internal ones. Within a family they are sorted as texts, as K3s does.
///
/// K3s chooses between external and internal ones before it looks at families, so that a Service of one
/// family loses all addresses if nodes have external ones of the other only.
pub(crate) fn of<'a>(families: &[IpFamily], nodes: impl Iterator<Item = &'a Node> + Clone) -> Vec<IpAddr> {
    let kind = |kind, family| {
        let addresses = nodes.clone().flat_map(|node| node.addresses.iter());
        let addresses = addresses.filter(move |one| &*one.kind == kind);
        let addresses = addresses.filter_map(|one| one.address.parse::<IpAddr>().ok());
        let fits = addresses.filter(move |address| IpFamily::of(*address) == family);
        // As texts, and each once: two nodes may be behind the same external address.
        fits.map(|address| (address.to_string(), address))
            .collect::<BTreeSet<_>>()
    };
    let of_family = |family| {
        let external = kind("ExternalIP", family);
        let chosen = if external.is_empty() {
            kind("InternalIP", family)
        } else {
            external
        };
        chosen.into_iter().map(|(_, address)| address)
    };
    families.iter().copied().flat_map(of_family).collect()
}

#[cfg(test)]
mod tests {
    use kinglet_model::NodeAddress;

    use super::*;

    const V4: &str = "1.2.3.4";
    const V4B: &str = "2.3.4.5";
    const V6: &str = "2001:db8::1";
    const V6B: &str = "3001:db8::1";
    const FAMILIES: [IpFamily; 2] = [IpFamily::V4, IpFamily::V6];

    fn node(addresses: &[(&str, &str)]) -> Node {
        let addresses = addresses.iter().map(|(kind, address)| NodeAddress {
            kind: (*kind).into(),
            address: (*address).into(),
        });
        Node {
            addresses: addresses.collect(),
            ..Node::default()
        }
    }

    fn texts(families: &[IpFamily], nodes: &[Node]) -> Vec<String> {
        let addresses = of(families, nodes.iter()).into_iter();
        addresses.map(|address| address.to_string()).collect()
    }

    #[test]
    fn addresses_are_those_of_the_families() {
        let nodes = [node(&[("InternalIP", V4), ("InternalIP", V6)])];
        let table: [(&[IpFamily], &[&str]); 4] = [
            (&[], &[]),
            (&[IpFamily::V4], &[V4]),
            (&[IpFamily::V6], &[V6]),
            (&FAMILIES, &[V4, V6]),
        ];
        for (families, expected) in table {
            assert_eq!(texts(families, &nodes), expected, "{families:?}");
        }
        assert_eq!(texts(&[IpFamily::V6, IpFamily::V4], &nodes), [V6, V4]);
    }

    #[test]
    fn addresses_have_an_order() {
        let all = [V4, V4B, V6, V6B];
        for start in 0..4 {
            let nodes: Vec<Node> = (0..4)
                .map(|at| node(&[("InternalIP", all[(start + 3 * at) % 4])]))
                .collect();
            assert_eq!(texts(&FAMILIES, &nodes), all);
        }
        let nodes = [
            node(&[("InternalIP", "10.0.0.9")]),
            node(&[("InternalIP", "10.0.0.10")]),
        ];
        assert_eq!(texts(&FAMILIES, &nodes), ["10.0.0.10", "10.0.0.9"]);
    }

    #[test]
    fn external_addresses_hide_internal_ones_of_their_family_only() {
        type Typed = &'static [(&'static str, &'static str)];
        let table: [(Typed, Typed, &[&str]); 5] = [
            (&[("Hostname", "a"), ("InternalDNS", V4B)], &[], &[]),
            (&[("InternalIP", V4), ("Hostname", "a")], &[], &[V4]),
            (
                &[("InternalIP", V4), ("ExternalIP", V4B)],
                &[("InternalIP", "10.0.0.1")],
                &[V4B],
            ),
            (
                &[("InternalIP", V4), ("InternalIP", V6), ("ExternalIP", V4B)],
                &[],
                &[V4B, V6],
            ),
            (
                &[("InternalIP", V4), ("ExternalIP", V6)],
                &[("InternalIP", V6B)],
                &[V4, V6],
            ),
        ];
        for (one, other, expected) in table {
            assert_eq!(texts(&FAMILIES, &[node(one), node(other)]), expected);
        }
        let external = node(&[("InternalIP", V4), ("InternalIP", V6), ("ExternalIP", V4B)]);
        assert_eq!(texts(&[IpFamily::V6], &[external]), [V6]);
    }
}
