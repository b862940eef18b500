//! Objects as a client writes them, and as the API completes them.

use serde_json::{Value, json};

use crate::builtin;

/// The object after defaulting, which must be stable.
fn defaulted(kind: &str, object: Value) -> Value {
    let resource = builtin().into_iter().find(|one| &*one.kind == kind).unwrap();
    let mut object = object;
    (resource.behaviour.default)(&mut object);
    let mut again = object.clone();
    (resource.behaviour.default)(&mut again);
    assert_eq!(again, object, "defaulting twice changes nothing");
    object
}

fn prepared(kind: &str, object: Value, old: Option<&Value>) -> Value {
    let resource = builtin().into_iter().find(|one| &*one.kind == kind).unwrap();
    let mut object = defaulted(kind, object);
    (resource.behaviour.prepare)(&mut object, old);
    object
}

#[test]
fn services() {
    assert_eq!(
        defaulted(
            "Service",
            json!({"spec": {"ports": [{"port": 80}, {"port": 53, "protocol": "UDP", "targetPort": "dns"}]}})
        ),
        json!({
            "spec": {
                "type": "ClusterIP", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster",
                "ports": [
                    {"port": 80, "protocol": "TCP", "targetPort": 80},
                    {"port": 53, "protocol": "UDP", "targetPort": "dns"},
                ],
            },
            "status": {"loadBalancer": {}},
        })
    );
    let balanced = defaulted(
        "Service",
        json!({
            "spec": {"type": "LoadBalancer", "sessionAffinity": "ClientIP"},
            "status": {"loadBalancer": {"ingress": [{"ip": "9.9.9.9"}, {"hostname": "a"}, {"ip": "8.8.8.8", "ipMode": "Proxy"}]}},
        }),
    );
    assert_eq!(
        balanced,
        json!({
            "spec": {
                "type": "LoadBalancer", "sessionAffinity": "ClientIP",
                "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}},
                "internalTrafficPolicy": "Cluster", "externalTrafficPolicy": "Cluster", "allocateLoadBalancerNodePorts": true,
            },
            "status": {"loadBalancer": {"ingress": [
                {"ip": "9.9.9.9", "ipMode": "VIP"}, {"hostname": "a"}, {"ip": "8.8.8.8", "ipMode": "Proxy"},
            ]}},
        })
    );
    assert_eq!(
        defaulted(
            "Service",
            json!({"spec": {"type": "ExternalName", "externalName": "a.example"}})
        )["spec"],
        json!({"type": "ExternalName", "externalName": "a.example", "sessionAffinity": "None"})
    );
}

#[test]
fn network_kinds() {
    assert_eq!(
        defaulted(
            "EndpointSlice",
            json!({"endpoints": [{"addresses": ["10.0.0.1"]}], "ports": [{"port": 80}]})
        ),
        json!({
            "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {}}],
            "ports": [{"port": 80, "name": "", "protocol": "TCP"}],
        })
    );
    for (spec, types) in [
        (json!({}), json!(["Ingress"])),
        (json!({"egress": [{}]}), json!(["Ingress", "Egress"])),
        (
            json!({"egress": [{}], "policyTypes": ["Egress"]}),
            json!(["Egress"]),
        ),
    ] {
        let policy = defaulted("NetworkPolicy", json!({"spec": spec}));
        assert_eq!(policy["spec"]["policyTypes"], types);
        assert_eq!(policy["spec"]["podSelector"], json!({}));
    }
    assert_eq!(
        defaulted("IngressClass", json!({"spec": {"parameters": {"kind": "K"}}}))["spec"]["parameters"]["scope"],
        "Cluster"
    );
}

#[test]
fn secrets_take_text_as_data() {
    let secret = json!({"data": {"a": "MQ==", "b": "Mg=="}, "stringData": {"b": "two", "c": ""}});
    assert_eq!(
        defaulted("Secret", secret),
        json!({"type": "Opaque", "data": {"a": "MQ==", "b": "dHdv", "c": ""}})
    );
}

#[test]
fn namespaces_are_active_and_finalized() {
    let namespace = prepared("Namespace", json!({"metadata": {"name": "a"}}), None);
    assert_eq!(
        namespace["metadata"]["labels"],
        json!({"kubernetes.io/metadata.name": "a"})
    );
    assert_eq!(namespace["spec"], json!({"finalizers": ["kubernetes"]}));
    assert_eq!(namespace["status"], json!({"phase": "Active"}));
    let changed = prepared(
        "Namespace",
        json!({"metadata": {"name": "a"}, "spec": {}}),
        Some(&namespace),
    );
    assert_eq!(changed["spec"], namespace["spec"]);
}

#[test]
fn pods() {
    let pod = json!({"spec": {"containers": [{
        "name": "c", "image": "registry:5000/web:1", "ports": [{"containerPort": 80}],
        "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
        "readinessProbe": {"httpGet": {"port": 80}},
    }]}});
    let pod = prepared("Pod", pod, None);
    assert_eq!(
        pod["status"],
        json!({"phase": "Pending", "qosClass": "Guaranteed"})
    );
    assert_eq!(
        pod["spec"]["containers"][0],
        json!({
            "name": "c", "image": "registry:5000/web:1", "imagePullPolicy": "IfNotPresent",
            "ports": [{"containerPort": 80, "protocol": "TCP"}],
            "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1Gi"}},
            "readinessProbe": {
                "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
                "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3,
            },
            "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
        })
    );
    let spec = &pod["spec"];
    assert_eq!(spec["restartPolicy"], "Always");
    assert_eq!(spec["terminationGracePeriodSeconds"], 30);
    assert_eq!(spec["tolerations"].as_array().unwrap().len(), 2);
}

#[test]
fn images_without_a_tag_are_always_pulled() {
    for (image, policy) in [
        ("web", "Always"),
        ("web:latest", "Always"),
        ("host:5000/web", "Always"),
        ("host:5000/web:1", "IfNotPresent"),
        ("web@sha256:abc", "IfNotPresent"),
    ] {
        let pod = defaulted("Pod", json!({"spec": {"containers": [{"image": image}]}}));
        assert_eq!(pod["spec"]["containers"][0]["imagePullPolicy"], policy, "{image}");
    }
}

#[test]
fn workloads() {
    let template = json!({"spec": {"containers": [{"image": "web:1"}]}});
    let deployment = defaulted("Deployment", json!({"spec": {"template": template}}));
    let spec = &deployment["spec"];
    assert_eq!(spec["replicas"], 1);
    assert_eq!(
        spec["strategy"],
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}})
    );
    assert_eq!(spec["template"]["spec"]["dnsPolicy"], "ClusterFirst");
    let recreated = defaulted(
        "Deployment",
        json!({"spec": {"strategy": {"type": "Recreate"}, "replicas": 0}}),
    );
    assert_eq!(recreated["spec"]["strategy"], json!({"type": "Recreate"}));
    assert_eq!(recreated["spec"]["replicas"], 0);
    let job = prepared(
        "Job",
        json!({"metadata": {"uid": "u", "name": "j"}, "spec": {"template": template}}),
        None,
    );
    assert_eq!(
        job["spec"]["selector"]["matchLabels"],
        json!({"batch.kubernetes.io/controller-uid": "u"})
    );
    assert_eq!(job["spec"]["template"]["metadata"]["labels"]["job-name"], "j");
}

#[test]
fn events_keep_everything_when_their_shape_changes() {
    let storage = crate::event::STORAGE;
    let event = json!({
        "apiVersion": "events.k8s.io/v1", "regarding": {"name": "x"}, "note": "text", "reportingController": "c",
        "reportingInstance": "i", "deprecatedSource": {}, "eventTime": "2026-01-01T00:00:00Z",
    });
    let mut stored = event.clone();
    (storage.to_stored)(&mut stored);
    assert_eq!(stored["message"], "text");
    assert_eq!(stored["reportingComponent"], "c");
    (storage.from_stored)(&mut stored);
    assert_eq!(stored, event);
}
