//! What the outside client reaches: host ports, host networks, external addresses; and what it does not
//! reach.

use std::time::Duration;

use kinglet_lab::{Builder, Family, Lab, Target, Verdict};
use serde_json::json;

use crate::support::{self, LIMIT};

#[tokio::test(flavor = "multi_thread")]
async fn host_ports_lead_to_the_pod_on_all_addresses_of_its_node() {
    if !support::is_possible() {
        return;
    }
    let lab = Builder::new()
        .nodes(2)
        .families(&[Family::V4, Family::V6])
        .start()
        .await
        .unwrap();
    let mut pod = support::pod("web", "node-1");
    pod["spec"]["containers"][0]["ports"] = json!([
        {"containerPort": 80, "hostPort": 8080},
        {"containerPort": 53, "hostPort": 5353, "protocol": "UDP"},
        {"containerPort": 81, "hostPort": 8081, "hostIP": "198.18.0.11"},
    ]);
    lab.apply(&pod).await.unwrap();
    lab.apply(&support::pod("other", "node-2")).await.unwrap();
    support::ready(&lab, "web").await;
    support::ready(&lab, "other").await;

    for address in lab.node_addresses("node-1").unwrap() {
        let client = lab.place("client").unwrap().description.addresses;
        for target in [Target::tcp(address, 8080), Target::udp(address, 5353)] {
            let outcome = support::open(&lab, "client", &target).await;
            assert_eq!(outcome.pod.as_deref(), Some("default/web"));
            assert!(
                client.contains(&outcome.client.unwrap()),
                "the client's address is kept: {outcome:?}"
            );
            // The pod itself, another pod, and the node itself.
            for from in ["default/web", "default/other", "node:node-1"] {
                let outcome = support::open(&lab, from, &target).await;
                assert_eq!(outcome.pod.as_deref(), Some("default/web"), "{from}");
            }
        }
    }
    let other_node = lab.node_addresses("node-2").unwrap()[0];
    let elsewhere = lab.probe("client", &Target::tcp(other_node, 8080)).await.unwrap();
    assert_eq!(elsewhere.result, Verdict::Refused);
    let one = support::open(&lab, "client", &Target::tcp("198.18.0.11", 8081)).await;
    assert_eq!(one.pod.as_deref(), Some("default/web"));
    let not_there = lab
        .probe("default/other", &Target::tcp("10.42.1.1", 8081))
        .await
        .unwrap();
    assert_eq!(not_there.result, Verdict::Refused);

    delete(&lab, "web").await;
    let gone = lab
        .until(LIMIT, async |lab: &Lab| {
            let outcome = lab
                .probe("client", &Target::tcp("198.18.0.11", 8080))
                .await
                .unwrap();
            if outcome.result == Verdict::Refused {
                Ok(())
            } else {
                Err(outcome)
            }
        })
        .await;
    gone.unwrap();
    lab.end().await;
}

async fn delete(lab: &Lab, pod: &str) {
    let path = format!("/api/v1/namespaces/default/pods/{pod}");
    let request = http::Request::delete(path).body(Vec::new()).unwrap();
    lab.client().request_text(request).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_of_the_host_network_listen_on_their_node() {
    if !support::is_possible() {
        return;
    }
    let lab = Builder::new().nodes(2).start().await.unwrap();
    let mut pod = support::pod("host", "node-2");
    pod["spec"]["hostNetwork"] = true.into();
    for port in pod["spec"]["containers"][0]["ports"].as_array_mut().unwrap() {
        port["hostPort"] = port["containerPort"].clone();
    }
    lab.apply(&pod).await.unwrap();
    let node = lab.node_addresses("node-2").unwrap()[0];
    assert_eq!(support::ready(&lab, "host").await, [node.to_string()]);
    for target in [Target::tcp(node, 80), Target::udp(node, 53)] {
        for from in ["client", "node:node-1", "default/host"] {
            let outcome = support::open(&lab, from, &target).await;
            assert_eq!(outcome.node.as_deref(), Some("node-2"));
        }
    }
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn external_addresses_are_translated_in_front_of_the_node() {
    if !support::is_possible() {
        return;
    }
    let lab = Builder::new()
        .nodes(2)
        .with(|settings| settings.external_addresses = true)
        .start()
        .await
        .unwrap();
    let mut pod = support::pod("web", "node-1");
    pod["spec"]["containers"][0]["ports"] = json!([{"containerPort": 80, "hostPort": 80}]);
    lab.apply(&pod).await.unwrap();
    support::ready(&lab, "web").await;
    let node = support::object(&lab, "/api/v1/nodes/node-1", |_| true).await;
    let external = node["status"]["addresses"]
        .as_array()
        .unwrap()
        .iter()
        .find(|address| address["type"] == "ExternalIP")
        .unwrap()["address"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(node["metadata"]["annotations"]["k3s.io/external-ip"], *external);
    let outcome = support::open(&lab, "client", &Target::tcp(&external, 80)).await;
    assert_eq!(outcome.pod.as_deref(), Some("default/web"));
    let client = lab.place("client").unwrap().description.addresses[0];
    assert_eq!(outcome.client, Some(client));
    // Nodes reach each other's external addresses through the same router.
    support::open(&lab, "node:node-2", &Target::tcp(&external, 80)).await;
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_are_not_reached_from_outside_but_reach_it_with_their_nodes_address() {
    if !support::is_possible() {
        return;
    }
    let lab = Builder::new().nodes(1).start().await.unwrap();
    lab.apply(&support::pod("web", "node-1")).await.unwrap();
    let addresses = support::ready(&lab, "web").await;
    let target = Target {
        timeout: Duration::from_millis(300),
        ..Target::tcp(&addresses[0], 80)
    };
    let outcome = lab.probe("client", &target).await.unwrap();
    assert_eq!(outcome.result, Verdict::Timeout);

    let script = "import socket; s = socket.create_server(('', 7777)); s.settimeout(20); print(s.accept()[1][0], flush=True)";
    let mut command = std::process::Command::new("python3");
    command.args(["-c", script]).stdout(std::process::Stdio::piped());
    let server = lab.spawn("client", command).await.unwrap();
    let client = lab.place("client").unwrap().description.addresses[0];
    let reached = lab
        .until(LIMIT, async |lab: &Lab| {
            let outcome = lab
                .probe("default/web", &Target::tcp(client, 7777))
                .await
                .unwrap();
            if outcome.result == Verdict::Open {
                Ok(())
            } else {
                Err(outcome)
            }
        })
        .await;
    reached.unwrap();
    let seen = server.wait_with_output().await.unwrap();
    let node = lab.node_addresses("node-1").unwrap()[0];
    assert_eq!(String::from_utf8_lossy(&seen.stdout).trim(), node.to_string());
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_port_belongs_to_one_pod_until_that_is_gone() {
    if !support::is_possible() {
        return;
    }
    let lab = Builder::new().nodes(1).start().await.unwrap();
    let pod = |name: &str| {
        let mut pod = support::pod(name, "node-1");
        pod["spec"]["containers"][0]["ports"] = json!([{"containerPort": 80, "hostPort": 80}]);
        pod
    };
    lab.apply(&pod("first")).await.unwrap();
    support::ready(&lab, "first").await;
    lab.apply(&pod("second")).await.unwrap();
    support::object(&lab, "/api/v1/namespaces/default/events", |events| {
        let texts = events.to_string();
        texts.contains("FailedCreatePodSandBox") && texts.contains("host ports: ")
    })
    .await;
    let target = Target::tcp("198.18.0.11", 80);
    let outcome = support::open(&lab, "client", &target).await;
    assert_eq!(outcome.pod.as_deref(), Some("default/first"));
    delete(&lab, "first").await;
    support::ready(&lab, "second").await;
    let outcome = support::open(&lab, "client", &target).await;
    assert_eq!(outcome.pod.as_deref(), Some("default/second"));
    lab.end().await;
}
