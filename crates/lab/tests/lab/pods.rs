//! Pods reach each other on the same and on another node, in every network and family.

use kinglet_lab::{Builder, Family, PodNetwork, Target};

use crate::support;

async fn pods_reach_each_other(network: PodNetwork, families: &[Family]) {
    if !support::is_possible() {
        return;
    }
    let lab = Builder::new()
        .nodes(2)
        .pod_network(network)
        .families(families)
        .start()
        .await
        .unwrap();
    for (name, node) in [("a", "node-1"), ("b", "node-1"), ("c", "node-2")] {
        lab.apply(&support::pod(name, node)).await.unwrap();
    }
    let own = support::ready(&lab, "a").await;
    for other in ["b", "c"] {
        let addresses = support::ready(&lab, other).await;
        assert_eq!(addresses.len(), families.len());
        for (address, own) in addresses.iter().zip(&own) {
            for target in [Target::tcp(address, 80), Target::udp(address, 53)] {
                let outcome = support::open(&lab, "default/a", &target).await;
                assert_eq!(outcome.pod.as_deref(), Some(&*format!("default/{other}")));
                assert_eq!(outcome.client.unwrap().to_string(), *own);
                support::open(&lab, "node:node-1", &target).await;
            }
        }
    }
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bridged_ipv4() {
    pods_reach_each_other(PodNetwork::Bridge, &[Family::V4]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn routed_dual_stack() {
    pods_reach_each_other(PodNetwork::Routed, &[Family::V4, Family::V6]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bridged_ipv6() {
    pods_reach_each_other(PodNetwork::Bridge, &[Family::V6]).await;
}
