//! Rows of built-in kinds, from the kind's entry to the printed cells.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{definitions, row};
use crate::{Resource, builtin};

fn resource(kind: &str) -> Resource {
    builtin().into_iter().find(|one| &*one.kind == kind).unwrap()
}

fn now() -> Timestamp {
    "2026-01-01T00:05:00Z".parse().unwrap()
}

/// The cells of an object of a kind that is five minutes old.
fn cells(kind: &str, object: Value) -> Value {
    let mut object = object;
    object["metadata"]["name"] = "one".into();
    object["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z".into();
    Value::Array(row(&resource(kind), &object, now()))
}

#[test]
fn every_kind_has_as_many_cells_as_columns() {
    for resource in builtin() {
        let columns = definitions(&resource);
        let columns = columns.as_array().unwrap();
        assert_eq!(
            row(&resource, &json!({}), now()).len(),
            columns.len(),
            "{}",
            resource.kind
        );
        assert!(
            columns.iter().any(|column| column["format"] == "name"),
            "{}",
            resource.kind
        );
    }
}

#[test]
fn services() {
    let port = json!([{"port": 80, "protocol": "TCP"}, {"port": 53, "protocol": "UDP", "nodePort": 30053}]);
    for (spec, status, expected) in [
        (
            json!({"type": "ClusterIP", "clusterIPs": ["10.43.0.1"], "ports": port, "selector": {"b": "2", "a": "1"}}),
            json!({}),
            [
                "ClusterIP",
                "10.43.0.1",
                "<none>",
                "80/TCP,53:30053/UDP",
                "a=1,b=2",
            ],
        ),
        (
            json!({"type": "ClusterIP", "clusterIPs": ["None"]}),
            json!({}),
            ["ClusterIP", "None", "<none>", "<none>", "<none>"],
        ),
        (
            json!({"type": "ExternalName", "externalName": "example.com"}),
            json!({}),
            ["ExternalName", "<none>", "example.com", "<none>", "<none>"],
        ),
        (
            json!({"type": "LoadBalancer", "clusterIPs": ["10.43.0.2"], "externalIPs": ["1.1.1.1"]}),
            json!({"loadBalancer": {"ingress": [{"ip": "9.9.9.9"}, {"hostname": "a.example"}]}}),
            [
                "LoadBalancer",
                "10.43.0.2",
                "9.9.9.9,a.example,1.1.1.1",
                "<none>",
                "<none>",
            ],
        ),
        (
            json!({"type": "LoadBalancer", "clusterIPs": ["10.43.0.2"]}),
            json!({}),
            ["LoadBalancer", "10.43.0.2", "<pending>", "<none>", "<none>"],
        ),
    ] {
        let [kind, cluster, external, ports, selector] = expected;
        assert_eq!(
            cells("Service", json!({"spec": spec, "status": status})),
            json!(["one", kind, cluster, external, ports, "5m", selector])
        );
    }
}

#[test]
fn ingresses_show_three_hosts() {
    let rule = |host: &str| json!({"host": host});
    for (rules, expected) in [
        (json!([]), "*"),
        (json!([{}]), "*"),
        (json!([rule("a"), {}, rule("b")]), "a,b"),
        (json!([rule("a"), rule("b"), rule("c")]), "a,b,c"),
        (
            json!([rule("a"), rule("b"), rule("c"), rule("d"), {}]),
            "a,b,c + 2 more...",
        ),
    ] {
        let object = json!({"spec": {"rules": rules, "ingressClassName": "kinglet", "tls": [{}]}});
        assert_eq!(
            cells("Ingress", object),
            json!(["one", "kinglet", expected, "", "80, 443", "5m"])
        );
    }
}

#[test]
fn endpoints_show_three_addresses() {
    let slice = json!({
        "addressType": "IPv4", "ports": [{"port": 80, "name": ""}],
        "endpoints": [{"addresses": ["10.0.0.1"]}, {"addresses": ["10.0.0.2"]}, {"addresses": ["10.0.0.3"]}, {"addresses": ["10.0.0.4"]}],
    });
    assert_eq!(
        cells("EndpointSlice", slice),
        json!([
            "one",
            "IPv4",
            "80",
            "10.0.0.1,10.0.0.2,10.0.0.3 + 1 more...",
            "5m"
        ])
    );
    assert_eq!(
        cells("EndpointSlice", json!({"addressType": "IPv6"})),
        json!(["one", "IPv6", "<unset>", "<unset>", "5m"])
    );
    let subsets = json!([{"addresses": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}], "ports": [{"port": 80}]}]);
    assert_eq!(
        cells("Endpoints", json!({"subsets": subsets})),
        json!(["one", "10.0.0.1:80,[fd00::1]:80", "5m"])
    );
    assert_eq!(cells("Endpoints", json!({})), json!(["one", "<none>", "5m"]));
}

#[test]
fn pods_say_what_they_are_doing() {
    let container =
        |state: Value, ready: bool| json!({"name": "c", "ready": ready, "restartCount": 0, "state": state});
    let running = || container(json!({"running": {}}), true);
    for (status, deleted, ready, reason) in [
        (json!({"phase": "Pending"}), false, "0/1", "Pending"),
        (
            json!({"phase": "Running", "containerStatuses": [running()]}),
            false,
            "1/1",
            "Running",
        ),
        (
            json!({"phase": "Running", "containerStatuses": [running()]}),
            true,
            "1/1",
            "Terminating",
        ),
        (
            json!({"phase": "Running", "containerStatuses": [container(json!({"waiting": {"reason": "CrashLoopBackOff"}}), false)]}),
            false,
            "0/1",
            "CrashLoopBackOff",
        ),
        (
            json!({"phase": "Failed", "containerStatuses": [container(json!({"terminated": {"exitCode": 3}}), false)]}),
            false,
            "0/1",
            "ExitCode:3",
        ),
        (
            json!({"phase": "Pending", "initContainerStatuses": [container(json!({"running": {}}), false)]}),
            false,
            "0/1",
            "Init:0/2",
        ),
        (
            json!({"phase": "Failed", "reason": "Evicted"}),
            true,
            "0/1",
            "Evicted",
        ),
    ] {
        let mut pod = json!({
            "spec": {"containers": [{"name": "c"}], "initContainers": [{"name": "i"}, {"name": "j"}], "nodeName": "n"},
            "status": status,
        });
        if deleted {
            pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:04:00Z".into();
        }
        assert_eq!(
            cells("Pod", pod),
            json!(["one", ready, reason, "0", "5m", "<none>", "n", "<none>", "<none>"])
        );
    }
}

#[test]
fn restarts_tell_when_the_last_one_was() {
    let statuses = json!([{
        "restartCount": 2, "ready": true, "state": {"running": {}},
        "lastState": {"terminated": {"finishedAt": "2026-01-01T00:03:00Z"}},
    }]);
    let pod =
        json!({"spec": {"containers": [{}]}, "status": {"phase": "Running", "containerStatuses": statuses}});
    assert_eq!(cells("Pod", pod)[3], "2 (2m ago)");
}

#[test]
fn events_look_the_same_in_both_shapes() {
    let core = json!({
        "involvedObject": {"kind": "Service", "name": "web"}, "reason": "Bad", "type": "Warning", "message": " text\n",
        "source": {"component": "kinglet"}, "lastTimestamp": "2026-01-01T00:04:00Z", "count": 3,
    });
    let renamed = json!({
        "regarding": {"kind": "Service", "name": "web"}, "reason": "Bad", "type": "Warning", "note": " text\n",
        "deprecatedSource": {"component": "kinglet"}, "deprecatedLastTimestamp": "2026-01-01T00:04:00Z", "deprecatedCount": 3,
    });
    let events: Vec<Resource> = builtin()
        .into_iter()
        .filter(|one| &*one.kind == "Event")
        .collect();
    let rows: Vec<Vec<Value>> = events
        .iter()
        .zip([core, renamed])
        .map(|(resource, object)| row(resource, &object, now()))
        .collect();
    assert_eq!(
        json!(rows[0]),
        json!([
            "60s",
            "Warning",
            "Bad",
            "service/web",
            "",
            "kinglet",
            "text",
            "<unknown>",
            3,
            ""
        ])
    );
    assert_eq!(rows[0], rows[1]);
}

#[test]
fn other_kinds() {
    let node = json!({
        "metadata": {"labels": {"node-role.kubernetes.io/worker": "", "kubernetes.io/role": "edge"}},
        "spec": {"unschedulable": true},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
            "nodeInfo": {"kubeletVersion": "v1", "kernelVersion": "6.1", "architecture": "amd64"},
        },
    });
    assert_eq!(
        cells("Node", node),
        json!([
            "one",
            "Ready,SchedulingDisabled",
            "edge,worker",
            "5m",
            "v1",
            "10.0.0.1",
            "<none>",
            "<unknown>",
            "6.1 (amd64)",
            "<unknown>"
        ])
    );
    assert_eq!(
        cells(
            "ConfigMap",
            json!({"data": {"a": "1"}, "binaryData": {"b": "Mg=="}})
        ),
        json!(["one", 2, "5m"])
    );
    let selector = json!({"matchLabels": {"b": "1"}, "matchExpressions": [{"key": "a", "operator": "In", "values": ["y", "x"]}]});
    assert_eq!(
        cells("NetworkPolicy", json!({"spec": {"podSelector": selector}})),
        json!(["one", "a in (x,y),b=1", "5m"])
    );
    assert_eq!(
        cells("NetworkPolicy", json!({"spec": {"podSelector": {}}})),
        json!(["one", "<none>", "5m"])
    );
    assert_eq!(
        cells("ClusterRole", json!({})),
        json!(["one", "2026-01-01T00:00:00Z"])
    );
    let subjects =
        json!([{"kind": "User", "name": "u"}, {"kind": "ServiceAccount", "namespace": "n", "name": "s"}]);
    assert_eq!(
        cells(
            "RoleBinding",
            json!({"roleRef": {"kind": "Role", "name": "r"}, "subjects": subjects})
        ),
        json!(["one", "Role/r", "5m", "u", "", "n/s"])
    );
    let template =
        json!({"spec": {"containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]}});
    let deployment =
        json!({"spec": {"replicas": 2, "template": template, "selector": {"matchLabels": {"app": "web"}}}});
    assert_eq!(
        cells("Deployment", deployment),
        json!(["one", "0/2", 0, 0, "5m", "a,b", "x,y", "app=web"])
    );
}

#[test]
fn definitions_of_custom_kinds() {
    let crd = json!({
        "spec": {
            "scope": "Namespaced", "group": "example.com", "names": {"kind": "Widget", "shortNames": ["wd", "w"]},
            "versions": [{"name": "v2", "served": true}, {"name": "v1", "served": true, "storage": true}, {"name": "v0"}],
        },
        "status": {"conditions": [{"type": "Established", "status": "True"}]},
    });
    assert_eq!(
        cells("CustomResourceDefinition", crd),
        json!([
            "one",
            "Namespaced",
            "v1(storage),v2",
            "2026-01-01T00:00:00Z",
            "example.com",
            "Widget",
            "wd,w",
            true
        ])
    );
}

#[test]
fn columns_of_custom_resources() {
    let mut resource = resource("Lease");
    resource.columns = crate::Columns::Custom(
        [
            json!({"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status"}),
            json!({"name": "Size", "type": "integer", "jsonPath": ".spec.size", "priority": 1}),
            json!({"name": "Since", "type": "date", "jsonPath": ".status.since"}),
            json!({"name": "Wrong", "type": "integer", "jsonPath": ".spec.name"}),
            json!({"name": "List", "type": "string", "jsonPath": ".spec.list"}),
        ]
        .into(),
    );
    let object = json!({
        "metadata": {"name": "one"}, "spec": {"size": 3, "name": "x", "list": ["a", 1]},
        "status": {"conditions": [{"type": "Ready", "status": "True"}], "since": "2026-01-01T00:00:00Z"},
    });
    assert_eq!(
        json!(row(&resource, &object, now())),
        json!(["one", "True", 3, "5m", null, "[\"a\",1]"])
    );
    assert_eq!(definitions(&resource)[2]["priority"], 1);
}
