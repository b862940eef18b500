//! EndpointSlices and Endpoints of Services with a selector. The expectations are what Kubernetes 1.37
//! writes.

use serde_json::{Value, json};

use crate::cluster::Cluster;

fn service(name: &str, spec: Value) -> Value {
    let mut service = json!({
        "metadata": {"name": name},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]},
    });
    for (field, value) in spec.as_object().into_iter().flatten() {
        service["spec"][field] = value.clone();
    }
    service
}

fn first(list: &Value) -> &Value {
    &list["items"][0]
}

/// The addresses of a list of slices, in ascending order.
fn addresses(slices: &Value) -> Vec<String> {
    let slices = slices["items"].as_array().into_iter().flatten();
    let endpoints = slices.flat_map(|slice| slice["endpoints"].as_array().cloned().unwrap_or_default());
    let mut all: Vec<String> = endpoints
        .map(|one| one["addresses"][0].as_str().unwrap().to_owned())
        .collect();
    all.sort();
    all
}

#[tokio::test]
async fn a_service_without_pods_has_an_empty_slice_and_empty_endpoints() {
    let cluster = Cluster::start("empty").await;
    let created = cluster
        .post(&cluster.core("services"), service("web", json!({})))
        .await;
    let list = cluster
        .until(&cluster.slices("web"), |list| first(list).is_object())
        .await;
    let slice = first(&list);
    assert!(
        slice["endpoints"].as_array().is_none_or(Vec::is_empty),
        "{slice:#}"
    );
    assert!(slice["ports"].as_array().is_none_or(Vec::is_empty), "{slice:#}");
    assert_eq!(slice["addressType"], "IPv4");
    assert_eq!(slice["metadata"]["generateName"], "web-");
    assert_eq!(
        slice["metadata"]["labels"],
        json!({
            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            "kubernetes.io/service-name": "web",
        })
    );
    assert_eq!(
        slice["metadata"]["ownerReferences"],
        json!([{
            "apiVersion": "v1",
            "kind": "Service",
            "name": "web",
            "uid": created["metadata"]["uid"],
            "controller": true,
            "blockOwnerDeletion": true,
        }])
    );
    let endpoints = cluster
        .until(&cluster.core("endpoints/web"), Value::is_object)
        .await;
    assert!(
        endpoints["subsets"].as_array().is_none_or(Vec::is_empty),
        "{endpoints:#}"
    );
    assert_eq!(
        endpoints["metadata"]["labels"],
        json!({"endpoints.kubernetes.io/managed-by": "endpoint-controller"})
    );
}

#[tokio::test]
async fn endpoints_follow_pods() {
    let cluster = Cluster::start("follow").await;
    cluster
        .post(
            &cluster.core("services"),
            service("web", json!({"clusterIP": "None"})),
        )
        .await;
    cluster
        .pod(
            "a",
            "10.42.0.1",
            true,
            json!({"hostname": "alpha", "subdomain": "web"}),
        )
        .await;
    cluster
        .pod(
            "b",
            "10.42.0.2",
            false,
            json!({"hostname": "beta", "subdomain": "other"}),
        )
        .await;
    let two = cluster
        .until(&cluster.slices("web"), |list| addresses(list).len() == 2)
        .await;
    let slice = first(&two);
    assert_eq!(
        slice["ports"],
        json!([{"name": "", "protocol": "TCP", "port": 8080}])
    );
    assert_eq!(slice["metadata"]["labels"]["service.kubernetes.io/headless"], "");
    let endpoint = |list: &Value, address: &str| {
        let all = first(list)["endpoints"].as_array().unwrap().clone();
        all.into_iter()
            .find(|one| one["addresses"] == json!([address]))
            .unwrap()
    };
    let mut a = endpoint(&two, "10.42.0.1");
    let uid = a["targetRef"]["uid"].take();
    assert!(uid.is_string());
    assert_eq!(
        a,
        json!({
            "addresses": ["10.42.0.1"],
            "conditions": {"ready": true, "serving": true, "terminating": false},
            "hostname": "alpha",
            "nodeName": "node-1",
            "targetRef": {"kind": "Pod", "namespace": cluster.namespace, "name": "a", "uid": null},
        })
    );
    let b = endpoint(&two, "10.42.0.2");
    assert_eq!(
        b["conditions"],
        json!({"ready": false, "serving": false, "terminating": false})
    );
    assert!(b["hostname"].is_null());

    let legacy = cluster.core("endpoints/web");
    let whole = |endpoints: &Value| !endpoints["subsets"][0]["notReadyAddresses"].is_null();
    let endpoints = cluster
        .until(&legacy, |now| {
            whole(now) && !now["subsets"][0]["addresses"].is_null()
        })
        .await;
    let subset = &endpoints["subsets"][0];
    assert_eq!(subset["ports"], json!([{"port": 8080, "protocol": "TCP"}]));
    assert_eq!(subset["addresses"][0]["ip"], "10.42.0.1");
    assert_eq!(subset["addresses"][0]["hostname"], "alpha");
    assert_eq!(subset["notReadyAddresses"][0]["ip"], "10.42.0.2");

    cluster
        .delete(&cluster.core("pods/a"), json!({"gracePeriodSeconds": 600}))
        .await;
    let terminating = json!({"ready": false, "serving": true, "terminating": true});
    cluster
        .until(&cluster.slices("web"), |list| {
            endpoint(list, "10.42.0.1")["conditions"] == terminating
        })
        .await;
    cluster
        .until(&legacy, |now| {
            whole(now) && now["subsets"][0]["addresses"].is_null()
        })
        .await;

    cluster
        .delete(&cluster.core("pods/a"), json!({"gracePeriodSeconds": 0}))
        .await;
    cluster.pod_status("b", "10.42.0.2", false, "Succeeded").await;
    let empty = cluster
        .until(&cluster.slices("web"), |list| addresses(list).is_empty())
        .await;
    assert_eq!(empty["items"].as_array().unwrap().len(), 1, "{empty:#}");
}

#[tokio::test]
async fn unready_pods_can_be_published() {
    let cluster = Cluster::start("publish").await;
    let spec = json!({"publishNotReadyAddresses": true});
    cluster
        .post(&cluster.core("services"), service("web", spec))
        .await;
    cluster.pod("a", "10.42.0.1", false, json!({})).await;
    let list = cluster
        .until(&cluster.slices("web"), |list| !addresses(list).is_empty())
        .await;
    let conditions = &first(&list)["endpoints"][0]["conditions"];
    assert_eq!(
        *conditions,
        json!({"ready": true, "serving": false, "terminating": false})
    );
    cluster
        .until(&cluster.core("endpoints/web"), |now| {
            now["subsets"][0]["addresses"][0]["ip"] == "10.42.0.1"
        })
        .await;
}

#[tokio::test]
async fn pods_with_other_port_numbers_have_a_slice_of_their_own() {
    let cluster = Cluster::start("ports").await;
    cluster
        .post(&cluster.core("services"), service("web", json!({})))
        .await;
    cluster.pod("a", "10.42.0.1", true, json!({})).await;
    let other =
        json!([{"name": "main", "image": "none", "ports": [{"name": "http", "containerPort": 9999}]}]);
    cluster
        .pod("b", "10.42.0.2", true, json!({"containers": other}))
        .await;
    let list = cluster
        .until(&cluster.slices("web"), |list| addresses(list).len() == 2)
        .await;
    let mut ports: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["ports"][0]["port"].clone())
        .collect();
    ports.sort_by_key(Value::as_i64);
    assert_eq!(ports, [8080, 9999]);
    cluster
        .until(&cluster.core("endpoints/web"), |now| {
            now["subsets"].as_array().is_some_and(|all| all.len() == 2)
        })
        .await;
}

#[tokio::test]
async fn the_end_of_a_service_is_the_end_of_its_endpoints() {
    let cluster = Cluster::start("end").await;
    cluster
        .post(&cluster.core("services"), service("web", json!({})))
        .await;
    cluster
        .until(&cluster.slices("web"), |list| first(list).is_object())
        .await;
    cluster
        .until(&cluster.core("endpoints/web"), Value::is_object)
        .await;
    cluster.delete(&cluster.core("services/web"), json!({})).await;
    cluster.gone(&cluster.core("endpoints/web")).await;
    cluster
        .until(&cluster.slices("web"), |list| first(list).is_null())
        .await;
}

#[tokio::test]
async fn a_slice_holds_a_hundred_endpoints_and_a_change_touches_one_slice() {
    let cluster = Cluster::start("many").await;
    for number in 0..130 {
        cluster
            .pod(
                &format!("pod-{number}"),
                &format!("10.42.1.{number}"),
                true,
                json!({}),
            )
            .await;
    }
    cluster
        .post(&cluster.core("services"), service("web", json!({})))
        .await;
    let list = cluster
        .until(&cluster.slices("web"), |list| addresses(list).len() == 130)
        .await;
    let size = |slice: &Value| slice["endpoints"].as_array().unwrap().len();
    let mut sizes: Vec<usize> = list["items"].as_array().unwrap().iter().map(size).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [30, 100]);
    let versions = |list: &Value| -> Vec<(Value, Value)> {
        let items = list["items"].as_array().unwrap().iter();
        items
            .map(|one| {
                (
                    one["metadata"]["name"].clone(),
                    one["metadata"]["resourceVersion"].clone(),
                )
            })
            .collect()
    };
    let before = versions(&list);
    cluster
        .delete(&cluster.core("pods/pod-7"), json!({"gracePeriodSeconds": 0}))
        .await;
    let list = cluster
        .until(&cluster.slices("web"), |list| addresses(list).len() == 129)
        .await;
    let changed = versions(&list)
        .into_iter()
        .filter(|one| !before.contains(one))
        .count();
    assert_eq!(changed, 1);
}

#[tokio::test]
async fn controllers_that_start_again_write_nothing() {
    let cluster = Cluster::start("again").await;
    cluster
        .post(&cluster.core("services"), service("web", json!({})))
        .await;
    cluster.pod("a", "10.42.0.1", true, json!({})).await;
    let slices = cluster
        .until(&cluster.slices("web"), |list| addresses(list).len() == 1)
        .await;
    let endpoints = cluster
        .until(&cluster.core("endpoints/web"), |now| {
            now["subsets"][0].is_object()
        })
        .await;
    cluster.run_controllers().await;
    // A change that both sets of controllers have to deal with comes after everything that they found at the
    // start.
    cluster
        .post(&cluster.core("services"), service("later", json!({})))
        .await;
    cluster
        .until(&cluster.slices("later"), |list| addresses(list).len() == 1)
        .await;
    let revision = |one: &Value| one["metadata"]["resourceVersion"].clone();
    let now = cluster.get(&cluster.slices("web")).await.unwrap();
    assert_eq!(revision(first(&now)), revision(first(&slices)));
    let now = cluster.get(&cluster.core("endpoints/web")).await.unwrap();
    assert_eq!(revision(&now), revision(&endpoints));
}
