//! Many Pods, one after the other: whatever comes, no node breaks a rule afterwards.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// A node by its zone, room for Pods, and millicores.
type Room = (u8, u32, u32);
/// A Pod by its millicores and whether it takes the one port.
type Wish = (u32, bool);

fn nodes(rooms: &[Room]) -> Vec<Arc<Node>> {
    let each = rooms.iter().enumerate();
    each.map(|(index, (zone, pods, cpu))| {
        let allocatable = json!({"pods": pods.to_string(), "cpu": format!("{cpu}m")});
        let labels = json!({"zone": zone.to_string()});
        node(
            &format!("n{index}"),
            labels,
            json!({"status": {"allocatable": allocatable}}),
        )
    })
    .collect()
}

fn wanted(index: usize, (cpu, port): Wish) -> Pod {
    let ports = if port {
        json!([{"containerPort": 80, "hostPort": 80}])
    } else {
        json!([])
    };
    let mut spec = spread(json!({"maxSkew": 2}));
    spec["containers"] = json!([{"ports": ports, "resources": {"requests": {"cpu": format!("{cpu}m")}}}]);
    (*pod(&format!("p{index}"), "web", "", spec)).clone()
}

/// Puts Pods on nodes as far as they go; answers the last view.
fn schedule(nodes: &[Arc<Node>], wishes: &[Wish]) -> Snapshot {
    let mut snapshot = snapshot(nodes, &[]);
    for (index, wish) in wishes.iter().enumerate() {
        let mut pod = wanted(index, *wish);
        if let Ok(node) = decide(&pod, &snapshot) {
            pod.spec.node_name = node;
            snapshot.put(Arc::new(pod));
        }
    }
    snapshot
}

proptest! {
    #[test]
    fn no_rule_is_broken(
        rooms in proptest::collection::vec((0..3u8, 0..5u32, 0..2000u32), 1..6),
        wishes in proptest::collection::vec((0..900u32, any::<bool>()), 0..24),
    ) {
        let snapshot = schedule(&nodes(&rooms), &wishes);
        let mut zones: BTreeMap<u8, usize> = rooms.iter().map(|(zone, ..)| (*zone, 0)).collect();
        for (node_info, (zone, pods, cpu)) in snapshot.nodes.iter().zip(&rooms) {
            prop_assert!(node_info.pods.len() <= *pods as usize);
            let requested = node_info.requested.get("cpu").copied().unwrap_or(0);
            prop_assert!(requested <= i128::from(*cpu));
            let with_port = node_info.pods.iter().filter(|pod| !pod.spec.host_ports.is_empty());
            prop_assert!(with_port.count() <= 1);
            *zones.entry(*zone).or_default() += node_info.pods.len();
        }
        let (least, most) = (zones.values().min().unwrap(), zones.values().max().unwrap());
        prop_assert!(most - least <= 2, "{zones:?}");
    }

    #[test]
    fn what_fits_is_spread_evenly(count in 1..5usize, pods in 1..20usize) {
        let rooms: Vec<Room> = (0..count).map(|zone| (zone as u8, 100, 1_000_000)).collect();
        let snapshot = schedule(&nodes(&rooms), &vec![(1, false); pods]);
        let sizes: Vec<usize> = snapshot.nodes.iter().map(|node_info| node_info.pods.len()).collect();
        prop_assert_eq!(sizes.iter().sum::<usize>(), pods);
        prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1, "{:?}", sizes);
    }
}
