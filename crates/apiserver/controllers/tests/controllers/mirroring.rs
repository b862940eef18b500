//! Hand-written Endpoints of Services without a selector.

use serde_json::{Value, json};

use crate::cluster::Cluster;

fn count(list: &Value) -> usize {
    list["items"].as_array().map_or(0, Vec::len)
}

async fn mirrored(cluster: &Cluster) -> Value {
    let spec = json!({"ports": [{"name": "http", "port": 80}]});
    cluster
        .post(
            &cluster.core("services"),
            json!({"metadata": {"name": "manual"}, "spec": spec}),
        )
        .await;
    let subsets = json!([
        {
            "addresses": [{"ip": "10.9.0.1"}, {"ip": "10.9.0.2", "hostname": "h", "nodeName": "node-1"}],
            "notReadyAddresses": [{"ip": "10.9.0.3"}],
            "ports": [{"name": "http", "port": 80}, {"name": "dns", "port": 53, "protocol": "UDP"}],
        },
        {"addresses": [{"ip": "10.9.1.1"}], "ports": [{"name": "http", "port": 81}]},
    ]);
    let metadata = json!({"name": "manual", "labels": {"mine": "yes"}, "annotations": {"a": "b"}});
    cluster
        .post(
            &cluster.core("endpoints"),
            json!({"metadata": metadata, "subsets": subsets}),
        )
        .await;
    cluster
        .until(&cluster.slices("manual"), |list| count(list) == 2)
        .await
}

#[tokio::test]
async fn hand_written_endpoints_are_mirrored() {
    let cluster = Cluster::start("mirror").await;
    let list = mirrored(&cluster).await;
    let items = list["items"].as_array().unwrap();
    let slice = items
        .iter()
        .find(|one| one["ports"].as_array().unwrap().len() == 2)
        .unwrap();
    let metadata = &slice["metadata"];
    assert_eq!(
        metadata["labels"],
        json!({
            "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io",
            "kubernetes.io/service-name": "manual",
            "mine": "yes",
        })
    );
    assert_eq!(metadata["annotations"], json!({"a": "b"}));
    assert_eq!(metadata["ownerReferences"][0]["kind"], "Endpoints");
    assert_eq!(
        slice["endpoints"],
        json!([
            {"addresses": ["10.9.0.1"], "conditions": {"ready": true}},
            {"addresses": ["10.9.0.2"], "conditions": {"ready": true}, "hostname": "h", "nodeName": "node-1"},
            {"addresses": ["10.9.0.3"], "conditions": {"ready": false}},
        ])
    );
    assert_eq!(
        slice["ports"],
        json!([{"name": "dns", "protocol": "UDP", "port": 53}, {"name": "http", "protocol": "TCP", "port": 80}])
    );
}

#[tokio::test]
async fn the_mirror_changes_with_the_endpoints_and_goes_when_it_should() {
    let cluster = Cluster::start("unmirror").await;
    mirrored(&cluster).await;
    let endpoints = cluster.core("endpoints/manual");
    let subsets = json!([{"addresses": [{"ip": "10.9.0.9"}], "ports": [{"name": "http", "port": 80}]}]);
    cluster.patch(&endpoints, json!({"subsets": subsets})).await;
    let slices = cluster.slices("manual");
    let changed =
        |list: &Value| count(list) == 1 && list["items"][0]["endpoints"][0]["addresses"][0] == "10.9.0.9";
    cluster.until(&slices, changed).await;
    let skip =
        |value: Value| json!({"metadata": {"labels": {"endpointslice.kubernetes.io/skip-mirror": value}}});
    cluster.patch(&endpoints, skip("true".into())).await;
    cluster.until(&slices, |list| count(list) == 0).await;
    cluster.patch(&endpoints, skip(Value::Null)).await;
    cluster.until(&slices, changed).await;
    cluster.delete(&endpoints, json!({})).await;
    cluster.until(&slices, |list| count(list) == 0).await;
}

#[tokio::test]
async fn a_selector_takes_the_place_of_the_mirror() {
    let cluster = Cluster::start("adopt").await;
    mirrored(&cluster).await;
    cluster
        .patch(
            &cluster.core("services/manual"),
            json!({"spec": {"selector": {"app": "web"}}}),
        )
        .await;
    let managed_by = |list: &Value| {
        list["items"][0]["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"].clone()
    };
    let slices = cluster.slices("manual");
    cluster
        .until(&slices, |list| {
            count(list) == 1 && managed_by(list) == "endpointslice-controller.k8s.io"
        })
        .await;
}
