//! Cluster IPs and node ports.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::harness::Api;

const SERVICES: &str = "/api/v1/namespaces/default/services";

fn service(name: &str, spec: Value) -> Value {
    let mut object = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
        "spec": {"ports": [{"port": 80}], "selector": {"app": "web"}},
    });
    for (key, value) in spec.as_object().unwrap() {
        object["spec"][key] = value.clone();
    }
    object
}

#[tokio::test]
async fn the_cluster_reaches_the_api_server() {
    let api = Api::in_memory();
    let (_, kubernetes) = api.get(&format!("{SERVICES}/kubernetes")).await;
    assert_eq!(kubernetes["spec"]["clusterIP"], "10.43.0.1");
    let listening = api.0.bind().unwrap();
    let port = listening.local_addr().port();
    let (_, slice) = api
        .get("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes")
        .await;
    assert_eq!(slice["ports"][0]["port"], port);
    assert_eq!(slice["endpoints"][0]["addresses"], json!(["127.0.0.1"]));
}

#[tokio::test]
async fn addresses_and_ports_are_given_once() {
    let directory = tempfile::tempdir().unwrap();
    let api = Api::open(directory.path());
    let tasks: Vec<_> = (0..20)
        .map(|number| {
            let api = api.clone();
            let object = service(&format!("s{number}"), json!({"type": "NodePort"}));
            tokio::spawn(async move { api.post(SERVICES, object).await })
        })
        .collect();
    let mut addresses = HashSet::new();
    let mut ports = HashSet::new();
    let mut note = |(status, created): (u16, Value)| {
        assert_eq!(status, 201, "{created}");
        assert!(
            addresses.insert(created["spec"]["clusterIP"].to_string()),
            "{created}"
        );
        assert!(
            ports.insert(created["spec"]["ports"][0]["nodePort"].to_string()),
            "{created}"
        );
    };
    for task in tasks {
        note(task.await.unwrap());
    }
    api.0.close().await;
    let api = Api::open(directory.path());
    for number in 20..30 {
        note(
            api.post(
                SERVICES,
                service(&format!("s{number}"), json!({"type": "NodePort"})),
            )
            .await,
        );
    }
    api.0.close().await;
}

#[tokio::test]
async fn what_cannot_be_had() {
    let api = Api::in_memory();
    for address in ["10.43.0.1", "10.99.0.1"] {
        let (status, refused) = api
            .post(SERVICES, service("s", json!({"clusterIP": address})))
            .await;
        assert_eq!(status, 422, "{refused}");
        assert_eq!(refused["details"]["causes"][0]["field"], "spec.clusterIPs");
    }
    let (status, fixed) = api
        .post(SERVICES, service("s", json!({"clusterIP": "10.43.7.7"})))
        .await;
    assert_eq!(
        (status, &fixed["spec"]["clusterIPs"]),
        (201, &json!(["10.43.7.7"]))
    );
    let (status, changed) = api
        .merge(
            &format!("{SERVICES}/s"),
            json!({"metadata": {"labels": {"a": "b"}}}),
        )
        .await;
    assert_eq!(
        (status, &changed["spec"]["clusterIP"]),
        (200, &json!("10.43.7.7"))
    );
}

#[tokio::test]
async fn a_nameless_ingress_gets_the_default_class() {
    let api = Api::in_memory();
    let class = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
        "metadata": {"name": "usual", "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}},
        "spec": {"controller": "example.com/one"},
    });
    let (status, answer) = api.post("/apis/networking.k8s.io/v1/ingressclasses", class).await;
    assert_eq!(status, 201, "{answer}");
    let ingress = |name: &str, class: Value| {
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name},
            "spec": {"ingressClassName": class, "defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}},
        })
    };
    for (name, class, given) in [
        ("nameless", Value::Null, "usual"),
        ("named", "other".into(), "other"),
    ] {
        let path = "/apis/networking.k8s.io/v1/namespaces/default/ingresses";
        let (status, created) = api.post(path, ingress(name, class)).await;
        assert_eq!(
            (status, &created["spec"]["ingressClassName"]),
            (201, &json!(given)),
            "{created}"
        );
    }
}
