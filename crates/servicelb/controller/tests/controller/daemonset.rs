//! Load balancers that Pods serve, and the ways there and back.

use kinglet_servicelb::remove_all;
use kinglet_servicelb_plan::{Mode, ServiceLbSettings, names};
use serde_json::{Value, json};

use crate::cluster::{Cluster, addresses, condition, finalizers};

const SETS: &str = "/apis/apps/v1/namespaces/svclb/daemonsets";

fn settings(mode: Mode) -> ServiceLbSettings {
    ServiceLbSettings {
        namespace: "svclb".to_owned(),
        mode,
        ..ServiceLbSettings::default()
    }
}

/// What a DaemonSet controller, a scheduler and a kubelet would do on a node.
async fn run_pod(cluster: &Cluster, set: &Value, node: &str) -> String {
    let template = &set["spec"]["template"];
    let mut spec = template["spec"].clone();
    spec["nodeName"] = node.into();
    let name = format!("{}-{node}", set["metadata"]["name"].as_str().unwrap());
    let pod = json!({"metadata": {"name": name, "labels": template["metadata"]["labels"]}, "spec": spec});
    cluster.post("/api/v1/namespaces/svclb/pods", pod).await;
    let path = format!("/api/v1/namespaces/svclb/pods/{name}");
    let ready = json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}});
    cluster.patch(&format!("{path}/status"), ready).await;
    path
}

async fn first_set(cluster: &Cluster) -> Value {
    let list = cluster.until(SETS, |list| !list["items"][0].is_null()).await;
    list["items"][0].clone()
}

/// A node without an agent.
async fn plain_node(cluster: &Cluster, name: &str, address: &str) {
    cluster.node(name, address, json!({})).await;
    let none = json!({names::ANNOTATION_HOST_PORTS: null, names::ANNOTATION_SERVING: null});
    let none = json!({"metadata": {"annotations": none}});
    cluster.patch(&format!("/api/v1/nodes/{name}"), none).await;
}

#[tokio::test]
async fn a_daemon_set_serves_where_its_pods_are_ready() {
    let cluster = Cluster::start(settings(Mode::DaemonSet)).await;
    plain_node(&cluster, "n1", "192.0.2.1").await;
    plain_node(&cluster, "n2", "192.0.2.2").await;
    let web = cluster.service("web", json!({}), json!({})).await;
    let set = first_set(&cluster).await;
    assert!(
        cluster
            .get("/api/v1/namespaces/svclb/serviceaccounts/svclb")
            .await
            .is_some()
    );
    assert_eq!(
        set["spec"]["template"]["spec"]["containers"][0]["name"],
        "lb-tcp-80"
    );
    let set_name = set["metadata"]["name"].as_str().unwrap().to_owned();
    let note = cluster.event("web", "AppliedDaemonSet").await;
    assert_eq!(note, format!("Applied LoadBalancer DaemonSet svclb/{set_name}"));
    let service = cluster.reason(&web, "NoNodes").await;
    assert_eq!(condition(&service)["message"], "2 nodes are without a ready Pod");

    let pod = run_pod(&cluster, &set, "n2").await;
    cluster.addresses(&web, &["192.0.2.2"]).await;
    run_pod(&cluster, &set, "n1").await;
    cluster.addresses(&web, &["192.0.2.1", "192.0.2.2"]).await;
    // Deleted by force, without ever being unready.
    cluster.delete_with(&pod, json!({"gracePeriodSeconds": 0})).await;
    cluster.addresses(&web, &["192.0.2.1"]).await;

    // The set follows the list of nodes, as long as there is one.
    let one = format!("{SETS}/{set_name}");
    let selector = |set: &Value| set["spec"]["template"]["spec"]["nodeSelector"][names::LABEL_ENABLE].clone();
    let label = |value: Value| json!({"metadata": {"labels": {names::LABEL_ENABLE: value}}});
    cluster.patch("/api/v1/nodes/n2", label("true".into())).await;
    let set = cluster.until(&one, |set| selector(set) == "true").await;
    assert_eq!(set["metadata"]["labels"][names::LABEL_NODE_SELECTOR], "true");
    cluster.addresses(&web, &[]).await;
    cluster.patch("/api/v1/nodes/n2", label(Value::Null)).await;
    cluster.until(&one, |set| selector(set).is_null()).await;
    cluster.addresses(&web, &["192.0.2.1"]).await;

    cluster.patch(&web, json!({"spec": {"type": "NodePort"}})).await;
    cluster.gone(&one).await;
    cluster
        .until(&web, |service| {
            finalizers(service).is_empty() && addresses(service).is_empty()
        })
        .await;
    let note = cluster.event("web", "DeletedDaemonSet").await;
    assert_eq!(note, format!("Deleted LoadBalancer DaemonSet svclb/{set_name}"));
}

/// As K3s leaves it: a DaemonSet of its own making, a finalizer, a status without a condition.
async fn left_by_k3s(cluster: &Cluster) -> (String, Value) {
    cluster
        .post("/api/v1/namespaces", json!({"metadata": {"name": "svclb"}}))
        .await;
    plain_node(cluster, "n1", "192.0.2.1").await;
    let more = json!({"allocateLoadBalancerNodePorts": true});
    let web = cluster.service("web", json!({}), more).await;
    let old = json!({"metadata": {"finalizers": [names::FINALIZER]}});
    cluster.patch(&web, old).await;
    let status = json!({"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}});
    let service = cluster.patch(&format!("{web}/status"), status).await;
    let uid = service["metadata"]["uid"].as_str().unwrap();
    let name = format!("svclb-web-{}", &uid[..8]);
    let references = json!({names::LABEL_SERVICE_NAME: "web", names::LABEL_SERVICE_NAMESPACE: "default"});
    let mut labels = references.clone();
    labels[names::LABEL_NODE_SELECTOR] = "false".into();
    let mut pod_labels = references;
    pod_labels["app"] = name.as_str().into();
    let container = json!({
        "name": "lb-tcp-80",
        "image": "rancher/klipper-lb:v0.4.9",
        "ports": [{"name": "lb-tcp-80", "containerPort": 80, "hostPort": 80}],
    });
    let set = json!({
        "metadata": {"name": name, "labels": labels, "annotations": {"objectset.rio.cattle.io/id": "svccontroller"}},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": pod_labels}, "spec": {"containers": [container]}},
        },
    });
    let set = cluster.post(SETS, set).await;
    run_pod(cluster, &set, "n1").await;
    (web, set)
}

#[tokio::test]
async fn k3s_is_replaced_without_a_gap() {
    let mut cluster = Cluster::without_controller();
    let (web, set) = left_by_k3s(&cluster).await;
    let one = format!("{SETS}/{}", set["metadata"]["name"].as_str().unwrap());
    cluster.restart(settings(Mode::Native));
    let service = cluster.reason(&web, "Serving").await;
    assert_eq!(addresses(&service), ["192.0.2.1"]);
    assert!(cluster.get(&one).await.is_some(), "no agent serves yet");
    // An agent is there, and its kernel serves.
    let agent = json!({names::ANNOTATION_HOST_PORTS: "", names::ANNOTATION_SERVING: "true"});
    cluster
        .patch("/api/v1/nodes/n1", json!({"metadata": {"annotations": agent}}))
        .await;
    cluster.gone(&one).await;
    assert_eq!(addresses(&cluster.get(&web).await.unwrap()), ["192.0.2.1"]);
}

#[tokio::test]
async fn the_daemon_sets_of_k3s_become_ours() {
    let mut cluster = Cluster::without_controller();
    let (web, set) = left_by_k3s(&cluster).await;
    let one = format!("{SETS}/{}", set["metadata"]["name"].as_str().unwrap());
    cluster.restart(settings(Mode::DaemonSet));
    let image = |set: &Value| set["spec"]["template"]["spec"]["containers"][0]["image"].clone();
    let set = cluster
        .until(&one, |set| image(set) == settings(Mode::DaemonSet).pods.image)
        .await;
    assert!(set["metadata"]["annotations"]["objectset.rio.cattle.io/id"].is_null());
    cluster.reason(&web, "Serving").await;
}

#[tokio::test]
async fn disabling_takes_back_what_was_ours_and_nothing_else() {
    let mut cluster = Cluster::start(settings(Mode::DaemonSet)).await;
    cluster.node("n1", "192.0.2.1", json!({})).await;
    let web = cluster.service("web", json!({}), json!({})).await;
    cluster.addresses(&web, &["192.0.2.1"]).await;
    cluster.stop();
    // A Service of a cloud, and one of another class.
    let theirs = json!({"status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.7"}]}}});
    let cloud = cluster
        .service("cloud", json!({}), json!({"ports": [{"port": 81}]}))
        .await;
    cluster
        .patch(&cloud, json!({"metadata": {"finalizers": [names::FINALIZER]}}))
        .await;
    cluster.patch(&format!("{cloud}/status"), theirs).await;
    let before = cluster.get(&cloud).await.unwrap();

    let settings = settings(Mode::Native);
    for _ in 0..2 {
        remove_all(cluster.client(), &settings).await.unwrap();
        let service = cluster.get(&web).await.unwrap();
        assert!(
            finalizers(&service).is_empty() && addresses(&service).is_empty(),
            "{service:#}"
        );
        assert!(condition(&service).is_null());
        let sets = cluster.get(SETS).await.unwrap();
        assert_eq!(sets["items"], json!([]));
        let node = cluster.get("/api/v1/nodes/n1").await.unwrap();
        assert!(node["metadata"]["annotations"][names::ANNOTATION_HOST_PORTS].is_null());
        assert_eq!(cluster.get(&cloud).await.unwrap(), before);
    }
}

#[tokio::test]
async fn disabling_takes_back_what_k3s_left() {
    let cluster = Cluster::without_controller();
    let (web, _) = left_by_k3s(&cluster).await;
    remove_all(cluster.client(), &settings(Mode::Native))
        .await
        .unwrap();
    let service = cluster.get(&web).await.unwrap();
    assert!(
        finalizers(&service).is_empty() && addresses(&service).is_empty(),
        "{service:#}"
    );
    assert_eq!(cluster.get(SETS).await.unwrap()["items"], json!([]));
}
