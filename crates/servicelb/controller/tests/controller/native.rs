//! Load balancers that agents serve.

use kinglet_servicelb::KINDS;
use kinglet_servicelb_plan::{ServiceLbSettings, names};
use serde_json::{Value, json};

use crate::cluster::{Cluster, addresses, condition, finalizers};

#[tokio::test]
async fn a_service_gets_the_addresses_of_all_nodes() {
    let cluster = Cluster::start(ServiceLbSettings::default()).await;
    cluster.node("n1", "192.0.2.1", json!({})).await;
    cluster.node("n2", "192.0.2.2", json!({})).await;
    let web = cluster.service("web", json!({}), json!({})).await;
    let service = cluster.addresses(&web, &["192.0.2.1", "192.0.2.2"]).await;
    let entry = &service["status"]["loadBalancer"]["ingress"][0];
    let ports = json!([{"port": 80, "protocol": "TCP"}]);
    assert_eq!(
        *entry,
        json!({"ip": "192.0.2.1", "ipMode": "VIP", "ports": ports})
    );
    assert_eq!(finalizers(&service), [names::FINALIZER]);
    let condition = condition(&service);
    assert_eq!(
        (&condition["status"], &condition["reason"]),
        (&json!("True"), &json!("Serving"))
    );
    assert!(condition["lastTransitionTime"].is_string());
    assert_eq!(
        cluster.event("web", "EnsuringLoadBalancer").await,
        "Ensuring load balancer"
    );
    let note = cluster.event("web", "UpdatedLoadBalancer").await;
    assert!(
        note.ends_with("192.0.2.2]") || note.ends_with("192.0.2.1]"),
        "{note}"
    );

    // A node that is not ready, a changed address, a node that is gone.
    cluster.node_status("n1", "192.0.2.1", false).await;
    cluster.addresses(&web, &["192.0.2.2"]).await;
    cluster.node_status("n1", "192.0.2.11", true).await;
    cluster.addresses(&web, &["192.0.2.11", "192.0.2.2"]).await;
    cluster.delete("/api/v1/nodes/n2").await;
    cluster.addresses(&web, &["192.0.2.11"]).await;
    cluster.delete("/api/v1/nodes/n1").await;
    let service = cluster.addresses(&web, &[]).await;
    assert_eq!(
        crate::cluster::condition(&service)["message"],
        "there are no nodes"
    );
    let note = cluster.event("web", "UnAvailableLoadBalancer").await;
    assert_eq!(
        note,
        "There are no available nodes for LoadBalancer: there are no nodes"
    );
}

#[tokio::test]
async fn another_type_and_deletion_end_it() {
    let cluster = Cluster::start(ServiceLbSettings::default()).await;
    cluster.node("n1", "192.0.2.1", json!({})).await;
    let web = cluster.service("web", json!({}), json!({})).await;
    cluster.addresses(&web, &["192.0.2.1"]).await;
    cluster.patch(&web, json!({"spec": {"type": "ClusterIP"}})).await;
    let gone = |service: &Value| {
        finalizers(service).is_empty() && condition(service).is_null() && addresses(service).is_empty()
    };
    cluster.until(&web, gone).await;
    assert_eq!(
        cluster.event("web", "DeletedLoadBalancer").await,
        "Deleted load balancer"
    );
    cluster
        .patch(&web, json!({"spec": {"type": "LoadBalancer"}}))
        .await;
    cluster.addresses(&web, &["192.0.2.1"]).await;
    cluster.delete(&web).await;
    cluster.gone(&web).await;
}

#[tokio::test]
async fn a_taken_port_is_explained_and_served_as_soon_as_it_is_free() {
    let cluster = Cluster::start(ServiceLbSettings::default()).await;
    cluster.node("n1", "192.0.2.1", json!({})).await;
    let one = cluster.service("one", json!({}), json!({})).await;
    let other = cluster.service("other", json!({}), json!({})).await;
    // Age decides, and between Services of the same second the uid.
    let key = |service: Value| {
        let metadata = &service["metadata"];
        (
            metadata["creationTimestamp"].to_string(),
            metadata["uid"].to_string(),
        )
    };
    let (one_key, other_key) = (
        key(cluster.get(&one).await.unwrap()),
        key(cluster.get(&other).await.unwrap()),
    );
    let (first, second) = if one_key < other_key {
        (one, other)
    } else {
        (other, one)
    };
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    cluster.addresses(&first, &["192.0.2.1"]).await;
    let service = cluster.reason(&second, "PortsInUse").await;
    let message = format!("TCP 80 on node n1 is held by Service default/{}", name(&first));
    assert_eq!(condition(&service)["message"], message);
    let note = cluster.event(&name(&second), "UnAvailableLoadBalancer").await;
    assert_eq!(
        note,
        format!("There are no available nodes for LoadBalancer: {message}")
    );
    cluster.delete(&first).await;
    cluster.addresses(&second, &["192.0.2.1"]).await;

    let report = |ports: &str| json!({"metadata": {"annotations": {names::ANNOTATION_HOST_PORTS: ports}}});
    cluster.patch("/api/v1/nodes/n1", report("tcp:22,80")).await;
    let service = cluster.reason(&second, "PortsInUse").await;
    assert_eq!(
        condition(&service)["message"],
        "TCP 80 on node n1 is held by a process of the node"
    );
    cluster.patch("/api/v1/nodes/n1", report("tcp:22")).await;
    cluster.addresses(&second, &["192.0.2.1"]).await;

    let container = json!({"name": "main", "image": "x", "ports": [{"containerPort": 80, "hostPort": 80}]});
    let pod = json!({"metadata": {"name": "nginx"}, "spec": {"nodeName": "n1", "containers": [container]}});
    cluster.post("/api/v1/namespaces/default/pods", pod).await;
    let service = cluster.reason(&second, "PortsInUse").await;
    assert_eq!(
        condition(&service)["message"],
        "TCP 80 on node n1 is held by Pod default/nginx"
    );
    let failed = json!({"status": {"phase": "Failed"}});
    cluster
        .patch("/api/v1/namespaces/default/pods/nginx/status", failed)
        .await;
    cluster.addresses(&second, &["192.0.2.1"]).await;
}

#[tokio::test]
async fn pools_split_a_port_between_services() {
    let cluster = Cluster::start(ServiceLbSettings::default()).await;
    let pool = |name: &str| json!({names::LABEL_POOL: name});
    cluster.node("n1", "192.0.2.1", pool("a")).await;
    cluster
        .node(
            "n2",
            "192.0.2.2",
            json!({format!("{}b", names::LABEL_POOL_PREFIX): "true"}),
        )
        .await;
    let a = cluster.service("a", pool("a"), json!({})).await;
    let b = cluster.service("b", pool("b"), json!({})).await;
    cluster.addresses(&a, &["192.0.2.1"]).await;
    cluster.addresses(&b, &["192.0.2.2"]).await;

    // Only a label of the Service changes.
    cluster
        .patch(&a, json!({"metadata": {"labels": {names::LABEL_POOL: "c"}}}))
        .await;
    let service = cluster.reason(&a, "NoNodes").await;
    assert_eq!(condition(&service)["message"], "2 nodes are not in the pool c");
    cluster
        .patch(
            "/api/v1/nodes/n1",
            json!({"metadata": {"labels": {names::LABEL_POOL: "c"}}}),
        )
        .await;
    cluster.addresses(&a, &["192.0.2.1"]).await;

    // The list of nodes, and its end.
    cluster
        .patch(
            "/api/v1/nodes/n2",
            json!({"metadata": {"labels": {names::LABEL_ENABLE: "true"}}}),
        )
        .await;
    cluster.addresses(&a, &[]).await;
    cluster
        .patch(
            "/api/v1/nodes/n2",
            json!({"metadata": {"labels": {names::LABEL_ENABLE: null}}}),
        )
        .await;
    cluster.addresses(&a, &["192.0.2.1"]).await;
    cluster.addresses(&b, &["192.0.2.2"]).await;
}

#[tokio::test]
async fn with_the_local_policy_only_nodes_with_ready_endpoints_are_published() {
    let cluster = Cluster::start(ServiceLbSettings::default()).await;
    cluster.node("n1", "192.0.2.1", json!({})).await;
    cluster.node("n2", "192.0.2.2", json!({})).await;
    let web = cluster
        .service("web", json!({}), json!({"externalTrafficPolicy": "Local"}))
        .await;
    let service = cluster.reason(&web, "NoEndpoints").await;
    let message = "no ready endpoint on 2 nodes, and externalTrafficPolicy is Local";
    assert_eq!(condition(&service)["message"], message);
    let slice = |node: &str, ready: bool| {
        json!({
            "metadata": {"name": "web-1", "labels": {"kubernetes.io/service-name": "web"}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": ["10.42.0.5"], "nodeName": node, "conditions": {"ready": ready}}],
            "ports": [{"port": 8080}],
        })
    };
    let slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";
    cluster.post(slices, slice("n1", true)).await;
    cluster.addresses(&web, &["192.0.2.1"]).await;
    let one = format!("{slices}/web-1");
    cluster.patch(&one, slice("n2", true)).await;
    cluster.addresses(&web, &["192.0.2.2"]).await;
    cluster.patch(&one, slice("n2", false)).await;
    cluster.addresses(&web, &[]).await;
    cluster.patch(&one, slice("n1", true)).await;
    cluster.addresses(&web, &["192.0.2.1"]).await;
}

#[tokio::test]
async fn what_others_serve_is_theirs() {
    let cluster = Cluster::start(ServiceLbSettings::default()).await;
    cluster.node("n1", "192.0.2.1", json!({})).await;
    let theirs = json!({"status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.7"}]}}});
    let classed = cluster
        .service(
            "classed",
            json!({}),
            json!({"loadBalancerClass": "example.com/lb"}),
        )
        .await;
    cluster.patch(&format!("{classed}/status"), theirs.clone()).await;
    let web = cluster
        .service("web", json!({}), json!({"ports": [{"port": 81}]}))
        .await;
    cluster.addresses(&web, &["192.0.2.1"]).await;

    // Another controller also takes Services without a class: it gets them, and addresses do not flap.
    cluster.patch(&format!("{web}/status"), theirs).await;
    let released = |service: &Value| condition(service).is_null() && finalizers(service).is_empty();
    let service = cluster.until(&web, released).await;
    assert_eq!(addresses(&service), ["198.51.100.7"]);
    let note = cluster.event("web", "SyncLoadBalancerFailed").await;
    assert!(
        note.contains("\"198.51.100.7\" is of another controller"),
        "{note}"
    );

    let last = cluster
        .service("last", json!({}), json!({"ports": [{"port": 82}]}))
        .await;
    cluster.addresses(&last, &["192.0.2.1"]).await;
    for path in [&classed, &web] {
        let service = cluster.get(path).await.unwrap();
        assert_eq!(addresses(&service), ["198.51.100.7"]);
        assert!(released(&service));
    }
    // When its address goes, the Service is ours again.
    cluster
        .patch(
            &format!("{web}/status"),
            json!({"status": {"loadBalancer": {"ingress": null}}}),
        )
        .await;
    cluster.addresses(&web, &["192.0.2.1"]).await;
}

#[tokio::test]
async fn bad_values_are_reported_and_touch_nothing_else() {
    let cluster = Cluster::start(ServiceLbSettings::default()).await;
    cluster.node("n1", "192.0.2.1", json!({})).await;
    let web = cluster.service("web", json!({}), json!({})).await;
    cluster.addresses(&web, &["192.0.2.1"]).await;
    let annotations = json!({"metadata": {"annotations": {names::ANNOTATION_TOLERATIONS: "{"}}});
    cluster.patch(&web, annotations).await;
    let note = cluster.event("web", "SyncLoadBalancerFailed").await;
    let field = format!("metadata.annotations[{}]", names::ANNOTATION_TOLERATIONS);
    assert_eq!(
        note,
        format!("Error syncing load balancer: {field}: \"{{\" is not a list of tolerations in JSON or YAML")
    );
    cluster.addresses(&web, &["192.0.2.1"]).await;
}

#[tokio::test]
async fn a_restart_changes_nothing() {
    let mut cluster = Cluster::start(ServiceLbSettings::default()).await;
    cluster.node("n1", "192.0.2.1", json!({})).await;
    let web = cluster.service("web", json!({}), json!({})).await;
    let before = cluster.addresses(&web, &["192.0.2.1"]).await;
    cluster.restart(ServiceLbSettings::default());
    let other = cluster
        .service("other", json!({}), json!({"ports": [{"port": 81}]}))
        .await;
    cluster.addresses(&other, &["192.0.2.1"]).await;
    assert_eq!(cluster.get(&web).await.unwrap(), before);
    cluster.stop();
}

#[tokio::test]
async fn the_declared_kinds_are_watched_and_no_others() {
    let cluster = Cluster::start(ServiceLbSettings::default()).await;
    cluster.node("n1", "192.0.2.1", json!({})).await;
    let web = cluster.service("web", json!({}), json!({})).await;
    cluster.addresses(&web, &["192.0.2.1"]).await;
    let watched = cluster.watched.as_ref().unwrap().kinds();
    assert_eq!(watched, KINDS.iter().copied().collect());
}
