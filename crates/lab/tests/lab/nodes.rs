//! Nodes: how they register, and what happens when they are cut off.

use std::time::Duration;

use kinglet_lab::{Builder, Lab, Target, Verdict};

use crate::support;

fn condition(object: &serde_json::Value, kind: &str) -> String {
    let conditions = object["status"]["conditions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let found = conditions.iter().find(|condition| condition["type"] == kind);
    found
        .and_then(|condition| condition["status"].as_str())
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_cut_off_is_not_ready_until_it_is_healed() {
    if !support::is_possible() {
        return;
    }
    let lab = Builder::new()
        .nodes(2)
        .with(|settings| settings.lease = Duration::from_secs(2))
        .start()
        .await
        .unwrap();
    for (name, node) in [("a", "node-1"), ("b", "node-2")] {
        lab.apply(&support::pod(name, node)).await.unwrap();
    }
    support::ready(&lab, "a").await;
    let address = support::ready(&lab, "b").await.remove(0);
    support::open(&lab, "default/a", &Target::tcp(&address, 80)).await;

    lab.partition("node-2").await.unwrap();
    let target = Target {
        timeout: Duration::from_millis(300),
        ..Target::tcp(&address, 80)
    };
    let cut = lab.probe("default/a", &target).await.unwrap();
    assert_eq!(cut.result, Verdict::Timeout);
    let node = support::object(&lab, "/api/v1/nodes/node-2", |node| {
        condition(node, "Ready") == "Unknown"
    })
    .await;
    assert_eq!(condition(&node, "Ready"), "Unknown");
    support::object(&lab, "/api/v1/namespaces/default/pods/b", |pod| {
        condition(pod, "Ready") == "False"
    })
    .await;
    support::object(&lab, "/api/v1/nodes/node-2", |node| {
        node["spec"]["taints"]
            .to_string()
            .contains("node.kubernetes.io/unreachable")
    })
    .await;

    lab.heal("node-2").await.unwrap();
    support::object(&lab, "/api/v1/nodes/node-2", |node| {
        condition(node, "Ready") == "True" && !node["spec"]["taints"].to_string().contains("unreachable")
    })
    .await;
    support::object(&lab, "/api/v1/namespaces/default/pods/b", |pod| {
        condition(pod, "Ready") == "True"
    })
    .await;
    support::open(&lab, "default/a", &Target::tcp(&address, 80)).await;
    assert!(lab.partition("node-9").await.is_err());
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_leaves_its_addresses_to_a_cloud_provider_when_asked() {
    if !support::is_possible() {
        return;
    }
    let lab = Builder::new()
        .nodes(1)
        .with(|settings| settings.uninitialized = true)
        .start()
        .await
        .unwrap();
    let node = support::object(&lab, "/api/v1/nodes/node-1", |_| true).await;
    assert_eq!(
        node["spec"]["taints"][0]["key"],
        "node.cloudprovider.kubernetes.io/uninitialized"
    );
    assert!(node["status"]["addresses"].is_null());
    assert_eq!(
        node["metadata"]["annotations"]["k3s.io/internal-ip"],
        "198.18.0.11"
    );
    let lease = support::object(
        &lab,
        "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-1",
        |_| true,
    )
    .await;
    assert_eq!(lease["spec"]["holderIdentity"], "node-1");
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_and_pods_reach_the_api_server() {
    if !support::is_possible() {
        return;
    }
    let lab = Builder::new().nodes(2).start().await.unwrap();
    let url = "https://198.18.0.1:6443/version";
    for from in ["node:node-2", "client"] {
        let reached = lab
            .until(support::LIMIT, async |lab: &Lab| {
                let output = lab
                    .run(from, "curl", &["-sk", "--max-time", "5", url])
                    .await
                    .unwrap();
                let text = String::from_utf8_lossy(&output.stdout).into_owned();
                if text.contains("gitVersion") {
                    Ok(())
                } else {
                    Err(text)
                }
            })
            .await;
        reached.unwrap();
    }
    let slice = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes";
    let slice = support::object(&lab, slice, |_| true).await;
    assert_eq!(slice["endpoints"][0]["addresses"][0], "198.18.0.1");
    lab.end().await;
}
