//! Objects that the API refuses, and the words in which it does; recorded from a real API server where not
//! said otherwise.

mod network;

use serde_json::{Value, json};

use crate::{Resource, builtin};

fn resource(kind: &str) -> Resource {
    builtin().into_iter().find(|one| &*one.kind == kind).unwrap()
}

/// A named and defaulted object of a kind.
fn object(resource: &Resource, fields: Value) -> Value {
    let mut object = fields;
    if object["metadata"]["name"].is_null() {
        object["metadata"]["name"] = "one".into();
    }
    if resource.namespaced {
        object["metadata"]["namespace"] = "default".into();
    }
    (resource.behaviour.default)(&mut object);
    object
}

/// What the API says of a new object, one fault a line.
fn said(kind: &str, fields: Value) -> String {
    let resource = resource(kind);
    lines(&resource.validate_create(&object(&resource, fields)))
}

/// What the API says of a change.
fn said_of_change(kind: &str, old: Value, new: Value) -> String {
    let resource = resource(kind);
    let (new, old) = (object(&resource, new), object(&resource, old));
    lines(&resource.validate_change(&new, &old))
}

fn lines(errors: &[kinglet_api_schema::FieldError]) -> String {
    errors
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The first words suffice where a rule explains itself at length.
fn assert_said(kind: &str, fields: Value, expected: &[&str]) {
    let said = said(kind, fields.clone());
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), expected.len(), "{kind} {fields}\n{said}");
    for (line, start) in lines.iter().zip(expected) {
        assert!(line.starts_with(start), "{kind} {fields}\n{said}");
    }
}

#[test]
fn metadata() {
    for (metadata, expected) in [
        (json!({"name": "a.b-c"}), vec![]),
        (
            json!({"name": "A", "generateName": "Bad_"}),
            vec![
                "metadata.generateName: Invalid value: \"Bad_\": a lowercase RFC 1123 subdomain must consist of",
                "metadata.name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of",
            ],
        ),
        (
            json!({"labels": {"a": "b c", "x y": ""}}),
            vec![
                "metadata.labels: Invalid value: \"b c\": a valid label must be an empty string or consist of",
                "metadata.labels: Invalid value: \"x y\": name part must consist of",
            ],
        ),
        (
            json!({"labels": {"a": "x".repeat(64)}}),
            vec!["metadata.labels: Invalid value: \"xxx"],
        ),
        (
            json!({"annotations": {"A/b/c": "", "Good.example/X": "any text"}}),
            vec!["metadata.annotations: Invalid value: \"A/b/c\": a valid label key must consist of"],
        ),
        (
            json!({"annotations": {"a": "x".repeat(256 << 10)}}),
            vec!["metadata.annotations: Too long: may not be more than 262144 bytes"],
        ),
        (
            json!({"finalizers": ["nonsense", "example.com/good"]}),
            vec![
                "metadata.finalizers[0]: Invalid value: \"nonsense\": name is neither a standard finalizer name nor is it fully qualified",
            ],
        ),
        (
            json!({"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "a"}]}),
            vec!["metadata.ownerReferences[0].uid: Required value: must not be empty"],
        ),
    ] {
        assert_said("ConfigMap", json!({"metadata": metadata}), &expected);
    }
    assert_said(
        "Namespace",
        json!({"metadata": {"name": "a.b"}}),
        &["metadata.name: Invalid value: \"a.b\": must not contain dots"],
    );
    assert_said("Role", json!({"metadata": {"name": "a:b"}}), &[]);
}

#[test]
fn identity_does_not_change() {
    let old = json!({"metadata": {"uid": "1", "deletionTimestamp": "t", "finalizers": ["a.example/x"]}});
    let new = json!({"metadata": {"uid": "2", "deletionTimestamp": "t", "finalizers": ["a.example/x", "a.example/y"]}});
    assert_eq!(
        said_of_change("ConfigMap", old, new),
        "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers \
         []string{\"a.example/y\"}\nmetadata.uid: Invalid value: \"2\": field is immutable"
    );
}

#[test]
fn config_maps_and_secrets() {
    assert_said(
        "ConfigMap",
        json!({"data": {"a": "1", "b/c": ""}, "binaryData": {"a": "MQ=="}}),
        &[
            "data[a]: Invalid value: \"a\": duplicate of key present in binaryData",
            "data[b/c]: Invalid value: \"b/c\": a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        ],
    );
    assert_eq!(
        said_of_change(
            "ConfigMap",
            json!({"immutable": true, "data": {"a": "1"}}),
            json!({"data": {"a": "2"}})
        ),
        "immutable: Forbidden: field is immutable when `immutable` is set\ndata: Forbidden: field is immutable when `immutable` is set"
    );
    assert_said(
        "Secret",
        json!({"type": "kubernetes.io/tls", "data": {"tls.crt": ""}}),
        &["data[tls.key]: Required value"],
    );
    assert_eq!(
        said_of_change("Secret", json!({"type": "a"}), json!({"type": "b"})),
        "type: Invalid value: \"b\": field is immutable"
    );
    let large = "x".repeat((1 << 20) + 1);
    assert_said(
        "Secret",
        json!({"stringData": {"a": large}}),
        &["data: Too long: may not be more than 1048576 bytes"],
    );
}

#[test]
fn workloads() {
    let deployment = |selector: Value| {
        json!({"spec": {"selector": selector, "replicas": -1, "template": {
            "metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "web:1"}]},
        }}})
    };
    let negative = "spec.replicas: Invalid value: -1: must be greater than or equal to 0";
    assert_said(
        "Deployment",
        deployment(json!({"matchLabels": {"app": "web"}})),
        &[negative],
    );
    assert_said(
        "Deployment",
        deployment(json!({"matchLabels": {"app": "other"}})),
        &[
            negative,
            "spec.template.metadata.labels: Invalid value: {\"app\":\"web\"}: `selector` does not match template `labels`",
        ],
    );
    assert_said(
        "Deployment",
        json!({}),
        &[
            "spec.selector: Required value",
            "spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`",
            "spec.template.spec.containers: Required value",
        ],
    );
    assert_said(
        "Pod",
        json!({"spec": {"containers": [{"name": "A"}, {"name": "b", "image": "i", "ports": [{"containerPort": 99999}], "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]}}),
        &[
            "spec.containers[0].name: Invalid value: \"A\": a lowercase RFC 1123 label must consist of",
            "spec.containers[0].image: Required value",
            "spec.containers[1].ports[0].containerPort: Invalid value: 99999: must be between 1 and 65535, inclusive",
            "spec.containers[1].volumeMounts[0].name: Not found: \"v\"",
        ],
    );
    let pod = |image: &str, policy: &str| json!({"spec": {"containers": [{"name": "c", "image": image}], "restartPolicy": policy}});
    assert_eq!(
        said_of_change("Pod", pod("a:1", "Never"), pod("b:1", "Never")),
        ""
    );
    assert!(
        said_of_change("Pod", pod("a:1", "Never"), pod("a:1", "Always"))
            .starts_with("spec: Forbidden: pod updates may not change fields other than")
    );
}

#[test]
fn custom_resource_definitions() {
    let crd = |spec: Value| {
        let mut base = json!({
            "metadata": {"name": "widgets.example.com"},
            "spec": {"group": "example.com", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"}, "versions": [
                {"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}},
            ]},
        });
        for (key, value) in spec.as_object().unwrap() {
            base["spec"][key] = value.clone();
        }
        base
    };
    let schema = |schema: Value| {
        crd(
            json!({"versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]}),
        )
    };
    for (object, expected) in [
        (crd(json!({})), vec![]),
        (
            crd(json!({"group": "example.org"})),
            vec![
                "metadata.name: Invalid value: \"widgets.example.com\": must be spec.names.plural+\".\"+spec.group",
            ],
        ),
        (
            crd(json!({"scope": "Any"})),
            vec!["spec.scope: Unsupported value: \"Any\": supported values: \"Cluster\", \"Namespaced\""],
        ),
        (
            crd(json!({"versions": [{"name": "v1", "served": true, "storage": true}]})),
            vec!["spec.versions[0].schema.openAPIV3Schema: Required value"],
        ),
        (
            schema(
                json!({"type": "object", "properties": {"a": {"properties": {"b": {}}}, "c": {"type": "array"}}}),
            ),
            vec![
                "spec.validation.openAPIV3Schema.properties[a].properties[b].type: Required value: must not be empty for specified object fields",
                "spec.validation.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields",
                "spec.validation.openAPIV3Schema.properties[c].items: Required value: must be specified",
            ],
        ),
        (
            schema(json!({"type": "string"})),
            vec![
                "spec.validation.openAPIV3Schema.type: Invalid value: \"string\": must be object at the root",
            ],
        ),
    ] {
        assert_said("CustomResourceDefinition", object, &expected);
    }
    let mut established = crd(json!({}));
    established["status"] =
        json!({"conditions": [{"type": "Established", "status": "True"}], "storedVersions": ["v1"]});
    assert_eq!(
        said_of_change(
            "CustomResourceDefinition",
            established,
            crd(json!({"scope": "Cluster"}))
        ),
        "spec.scope: Invalid value: \"Cluster\": field is immutable"
    );
}

#[test]
fn bindings_keep_their_role() {
    let binding = |name: &str| json!({"roleRef": {"kind": "Role", "name": name}, "subjects": [{"kind": "User", "name": "u"}]});
    assert_said("RoleBinding", binding("a"), &[]);
    assert!(said_of_change("RoleBinding", binding("a"), binding("b")).ends_with(": cannot change roleRef"));
    assert_said(
        "ClusterRole",
        json!({"rules": [{"resources": ["pods"], "apiGroups": [""]}]}),
        &["rules[0].verbs: Required value"],
    );
}
