//! Two address families.

use serde_json::json;

use super::{is_possible, pod, service, wait_for_addresses};
use crate::lab::Lab;

/// Of node-1 and node-2, by family.
const NODES: [[&str; 2]; 2] = [["198.18.0.11", "198.18.0.12"], ["fd00:30::b", "fd00:30::c"]];
const CLIENTS: [&str; 2] = ["198.18.1.2", "fd00:31::2"];

/// A lab whose primary family is the first, a Service of every kind, and a pod on node-1.
fn both_families(order: [usize; 2]) {
    let names = ["ipv4", "ipv6"];
    let families = order.map(|family| names[family]).join(",");
    let lab = Lab::up(&["--nodes", "2", "--ip-families", &families]);
    lab.apply(&pod("here", "node-1", "web"));
    let named = |order: &[usize]| {
        order
            .iter()
            .map(|family| ["IPv4", "IPv6"][*family])
            .collect::<Vec<_>>()
    };
    let reversed = [order[1], order[0]];
    for (index, (policy, families)) in [
        ("RequireDualStack", &order[..]),
        ("RequireDualStack", &reversed[..]),
        ("SingleStack", &order[..1]),
        ("SingleStack", &order[1..]),
    ]
    .into_iter()
    .enumerate()
    {
        let (name, port) = (format!("web-{index}"), 8081 + u16::try_from(index).unwrap());
        let stack = json!({"ipFamilyPolicy": policy, "ipFamilies": named(families)});
        lab.apply(&service(&name, "web", port, stack));
        // Node by node in the order of the Service's families.
        let expected: Vec<&str> = families.iter().flat_map(|family| NODES[*family]).collect();
        wait_for_addresses(&lab, &name, &expected);
        let port = port.to_string();
        for family in families {
            let [here, there] = NODES[*family];
            let seen = lab.open("client", here, &port);
            assert_eq!(seen["client"], CLIENTS[*family], "{name} {here}");
            assert_eq!(lab.open("client", there, &port)["client"], there, "{name}");
            lab.open("client", there, &format!("{port}/udp"));
        }
        for family in (0..2).filter(|family| !families.contains(family)) {
            let outcome = lab.probe("client", NODES[family][0], &port);
            assert_eq!(outcome["result"], "refused", "{name}: not its family");
        }
    }
}

#[test]
fn ipv4_first() {
    if is_possible() {
        both_families([0, 1]);
    }
}

#[test]
fn ipv6_first() {
    if is_possible() {
        both_families([1, 0]);
    }
}
