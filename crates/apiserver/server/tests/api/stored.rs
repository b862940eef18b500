//! Kinds that charts and bundles bring, and bodies of all kinds in protobuf.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use kinglet_apiserver::Identity;
use serde_json::{Value, json};

use super::harness::Api;

async fn post_protobuf(api: &Api, path: &str, body: Vec<u8>) -> (u16, Value) {
    let request = Request::post(path)
        .extension(Identity::admin())
        .header("content-type", "application/vnd.kubernetes.protobuf")
        .body(Full::new(Bytes::from(body)))
        .unwrap();
    let response = api.raw(request).await;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

/// `runtime.Unknown` of a kind, with an empty message.
fn envelope(api_version: &str, kind: &str) -> Vec<u8> {
    let field = |number: u8, bytes: &[u8]| [&[number << 3 | 2, bytes.len() as u8], bytes].concat();
    let meta = [field(1, api_version.as_bytes()), field(2, kind.as_bytes())].concat();
    [b"k8s\0".to_vec(), field(1, &meta), field(2, b"")].concat()
}

#[tokio::test]
async fn definitions_are_taken_in_protobuf() {
    let api = Api::in_memory();
    let body = include_bytes!("../../../schema/tests/protobuf/definition.pb").to_vec();
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let (status, created) = post_protobuf(&api, path, body).await;
    assert_eq!(status, 201, "{created}");
    let gadgets = "/apis/example.com/v1/namespaces/default/gadgets";
    let gadget =
        json!({"apiVersion": "example.com/v1", "kind": "Gadget", "metadata": {"name": "g"}, "spec": {}});
    let (status, gadget) = api.post(gadgets, gadget).await;
    assert_eq!((status, &gadget["spec"]["size"]), (201, &json!(0)), "{gadget}");
}

/// Every kind that is listed and can be created is known in protobuf, too.
#[tokio::test]
async fn every_kind_is_known_in_protobuf() {
    let api = Api::in_memory();
    let (_, groups) = api.get("/apis").await;
    let groups = groups["groups"].as_array().unwrap().iter();
    let versions = groups.flat_map(|group| group["versions"].as_array().unwrap());
    let mut paths = vec![("/api/v1".to_owned(), "v1".to_owned())];
    paths.extend(versions.map(|version| {
        let name = version["groupVersion"].as_str().unwrap();
        (format!("/apis/{name}"), name.to_owned())
    }));
    let mut count = 0;
    for (path, version) in paths {
        let (_, list) = api.get(&path).await;
        for resource in list["resources"].as_array().unwrap() {
            let name = resource["name"].as_str().unwrap();
            let creates = resource["verbs"].as_array().unwrap().contains(&json!("create"));
            if !creates || name.contains('/') {
                continue;
            }
            let url = match resource["namespaced"].as_bool() {
                Some(true) => format!("{path}/namespaces/default/{name}"),
                _ => format!("{path}/{name}"),
            };
            let (status, answer) =
                post_protobuf(&api, &url, envelope(&version, resource["kind"].as_str().unwrap())).await;
            assert_ne!(status, 400, "{url}: {answer}");
            count += 1;
        }
    }
    assert!(count > 60, "{count}");
}

/// Each is stored as given, listed, and shown as a Table.
#[tokio::test]
async fn kinds_of_charts_are_stored_and_told_of() {
    let api = Api::in_memory();
    let template = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Never"}});
    let cases = [
        (
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            json!({"spec": {"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "a"}}}),
            true,
        ),
        (
            "autoscaling/v1",
            "HorizontalPodAutoscaler",
            json!({"spec": {"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "a"}, "targetCPUUtilizationPercentage": 50}}),
            true,
        ),
        (
            "policy/v1",
            "PodDisruptionBudget",
            json!({"spec": {"minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}}}),
            true,
        ),
        (
            "batch/v1",
            "CronJob",
            json!({"spec": {"schedule": "*/5 * * * *", "jobTemplate": {"spec": {"template": template}}}}),
            true,
        ),
        (
            "v1",
            "PersistentVolume",
            json!({"spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/a"}}}),
            false,
        ),
        (
            "v1",
            "PersistentVolumeClaim",
            json!({"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}),
            true,
        ),
        (
            "storage.k8s.io/v1",
            "StorageClass",
            json!({"provisioner": "p"}),
            false,
        ),
        (
            "storage.k8s.io/v1",
            "CSINode",
            json!({"spec": {"drivers": null}}),
            false,
        ),
        (
            "storage.k8s.io/v1",
            "CSIDriver",
            json!({"spec": {"tokenRequests": [{"audience": ""}]}}),
            false,
        ),
        ("scheduling.k8s.io/v1", "PriorityClass", json!({"value": 7}), true),
        (
            "v1",
            "ResourceQuota",
            json!({"spec": {"hard": {"pods": "1"}}}),
            true,
        ),
        (
            "v1",
            "LimitRange",
            json!({"spec": {"limits": [{"type": "Container", "max": {"cpu": "1"}}]}}),
            true,
        ),
        (
            "admissionregistration.k8s.io/v1",
            "ValidatingWebhookConfiguration",
            json!({"webhooks": [{"name": "a.b.c", "sideEffects": "None", "admissionReviewVersions": ["v1"], "clientConfig": {"service": {"namespace": "a", "name": "b"}}}]}),
            true,
        ),
        (
            "admissionregistration.k8s.io/v1",
            "MutatingWebhookConfiguration",
            json!({"webhooks": []}),
            true,
        ),
        (
            "admissionregistration.k8s.io/v1",
            "ValidatingAdmissionPolicy",
            json!({"spec": {"validations": [{"expression": "true"}]}}),
            true,
        ),
        (
            "admissionregistration.k8s.io/v1",
            "ValidatingAdmissionPolicyBinding",
            json!({"spec": {"policyName": "a"}}),
            true,
        ),
        (
            "networking.k8s.io/v1",
            "ServiceCIDR",
            json!({"spec": {"cidrs": ["10.0.0.0/8"]}}),
            true,
        ),
        (
            "networking.k8s.io/v1",
            "IPAddress",
            json!({"spec": {"parentRef": {"resource": "services", "name": "a"}}}),
            true,
        ),
        ("v1", "PodTemplate", json!({"template": template}), false),
        (
            "node.k8s.io/v1",
            "RuntimeClass",
            json!({"handler": "runc"}),
            false,
        ),
        (
            "certificates.k8s.io/v1",
            "CertificateSigningRequest",
            json!({"spec": {"request": "YQ==", "signerName": "a/b", "usages": ["client auth"]}}),
            true,
        ),
        (
            "apiregistration.k8s.io/v1",
            "APIService",
            json!({"spec": {"group": "a.b", "version": "v1", "groupPriorityMinimum": 1, "versionPriority": 1, "service": {"namespace": "a", "name": "b"}}}),
            true,
        ),
    ];
    for (api_version, kind, mut object, warns) in cases {
        object["apiVersion"] = api_version.into();
        object["kind"] = kind.into();
        object["metadata"] = json!({"name": format!("a-{}", api_version.replace('/', "-"))});
        let root = if api_version == "v1" {
            "/api/v1".to_owned()
        } else {
            format!("/apis/{api_version}")
        };
        let (_, list) = api.get(&root).await;
        let resource = list["resources"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["kind"] == kind)
            .unwrap();
        let plural = resource["name"].as_str().unwrap();
        let path = match resource["namespaced"].as_bool() {
            Some(true) => format!("{root}/namespaces/default/{plural}"),
            _ => format!("{root}/{plural}"),
        };
        let request = Request::post(&path)
            .extension(Identity::admin())
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(object.to_string())))
            .unwrap();
        let response = api.raw(request).await;
        assert_eq!(response.headers().contains_key("warning"), warns, "{kind}");
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(status, 201, "{kind}: {}", String::from_utf8_lossy(&body));
        let request = Request::get(&path)
            .extension(Identity::admin())
            .header("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
            .body(Full::new(Bytes::new()))
            .unwrap();
        let body = api
            .raw(request)
            .await
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes();
        let table: Value = serde_json::from_slice(&body).unwrap();
        let (columns, rows) = (
            table["columnDefinitions"].as_array().unwrap(),
            table["rows"].as_array().unwrap(),
        );
        assert!(!rows.is_empty(), "{kind}");
        assert_eq!(
            rows[0]["cells"].as_array().unwrap().len(),
            columns.len(),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn autoscalers_are_the_same_in_both_versions() {
    let api = Api::in_memory();
    let (v1, v2) = (
        "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers",
        "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers",
    );
    let object = json!({"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "a"}, "spec": {"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "a"}}});
    assert_eq!(api.post(v1, object).await.0, 201);
    let (_, shown) = api.get(&format!("{v2}/a")).await;
    assert_eq!(
        shown["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"],
        80
    );
    let (_, shown) = api.get(&format!("{v1}/a")).await;
    assert_eq!(
        (
            &shown["apiVersion"],
            &shown["spec"]["targetCPUUtilizationPercentage"]
        ),
        (&json!("autoscaling/v1"), &json!(80))
    );
}

#[tokio::test]
async fn what_the_schema_requires_is_missed() {
    let api = Api::in_memory();
    let cases = [
        (
            "/apis/storage.k8s.io/v1/storageclasses",
            "StorageClass",
            "storage.k8s.io/v1",
            "provisioner",
        ),
        (
            "/apis/node.k8s.io/v1/runtimeclasses",
            "RuntimeClass",
            "node.k8s.io/v1",
            "handler",
        ),
        (
            "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers",
            "HorizontalPodAutoscaler",
            "autoscaling/v2",
            "spec.scaleTargetRef.kind",
        ),
    ];
    for (path, kind, api_version, field) in cases {
        let object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}, "spec": {}});
        let mut object = object;
        if !kind.starts_with("Horizontal") {
            object.as_object_mut().unwrap().remove("spec");
        }
        let (status, refused) = api.post(path, object).await;
        let causes = refused["details"]["causes"].as_array().unwrap();
        assert_eq!(status, 422, "{refused}");
        assert!(causes.iter().any(|cause| cause["field"] == field), "{refused}");
    }
}
