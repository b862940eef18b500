//! Objects that the API refuses, and the words in which it does; recorded from a real API server where not
//! said otherwise.

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
fn services() {
    let ports = json!([{"port": 80}]);
    for (spec, expected) in [
        (json!({"ports": ports}), vec![]),
        (json!({}), vec!["spec.ports: Required value"]),
        (
            json!({"ports": [{"port": 0}, {"name": "b", "port": 80, "protocol": "X"}, {"name": "b", "port": 70000}]}),
            vec![
                "spec.ports[0].name: Required value",
                "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
                "spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive",
                "spec.ports[1].protocol: Unsupported value: \"X\": supported values: \"SCTP\", \"TCP\", \"UDP\"",
                "spec.ports[2].name: Duplicate value: \"b\"",
                "spec.ports[2].port: Invalid value: 70000: must be between 1 and 65535, inclusive",
                "spec.ports[2].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
            ],
        ),
        (
            json!({"ports": [{"port": 80, "targetPort": "much-too-long-name"}]}),
            vec![
                "spec.ports[0].targetPort: Invalid value: \"much-too-long-name\": must be no more than 15 characters",
            ],
        ),
        (
            json!({"ports": [{"name": "a", "port": 80}, {"name": "b", "port": 80}]}),
            vec!["spec.ports[1]: Duplicate value: "],
        ),
        (
            json!({"type": "ExternalName", "externalName": "-x", "clusterIP": "1.1.1.1", "clusterIPs": ["1.1.1.1"]}),
            vec![
                "spec.clusterIPs: Forbidden: may not be set for ExternalName services",
                "spec.externalName: Invalid value: \"-x\": a lowercase RFC 1123 subdomain must consist of",
            ],
        ),
        (
            json!({"type": "ExternalName"}),
            vec!["spec.externalName: Required value"],
        ),
        (
            json!({"type": "NodePort", "clusterIP": "None", "clusterIPs": ["None"], "ports": ports}),
            vec![
                "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services",
            ],
        ),
        (
            json!({"ports": [{"port": 80, "nodePort": 30080}]}),
            vec!["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
        ),
        (
            json!({"ports": ports, "sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86401}}}),
            vec![
                "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400",
            ],
        ),
        (
            json!({"ports": ports, "externalIPs": ["127.0.0.1", "x"], "externalTrafficPolicy": "Cluster"}),
            vec![
                "spec.externalIPs[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)",
                "spec.externalIPs[1]: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
            ],
        ),
        (
            json!({"ports": ports, "externalTrafficPolicy": "Local", "loadBalancerClass": "a.example/x", "loadBalancerSourceRanges": ["x"]}),
            vec![
                "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
                "spec.LoadBalancerSourceRanges[0]: Invalid value: \"x\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
                "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
                "spec.externalTrafficPolicy: Invalid value: \"Local\": may only be set for externally-accessible services",
            ],
        ),
        (
            json!({"ports": ports, "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.2"]}),
            vec!["spec.clusterIPs: Invalid value: [\"10.0.0.2\"]: first value must match `clusterIP`"],
        ),
    ] {
        assert_said("Service", json!({"spec": spec}), &expected);
    }
}

#[test]
fn services_keep_their_addresses() {
    let service = |address: &str| json!({"spec": {"ports": [{"port": 80}], "clusterIP": address, "clusterIPs": [address]}});
    assert_eq!(
        said_of_change("Service", service("10.0.0.1"), service("10.0.0.2")),
        "spec.clusterIPs[0]: Invalid value: [\"10.0.0.2\"]: may not change once set"
    );
    assert_eq!(
        said_of_change("Service", service("10.0.0.1"), service("None")),
        "spec.clusterIPs[0]: Invalid value: [\"None\"]: may not change once set"
    );
    let status = json!({"spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {"ingress": [{"ip": "x"}, {"hostname": "10.0.0.1"}]}}});
    let kind = resource("Service");
    let changed = object(&kind, status);
    assert_eq!(
        lines(&kind.validate_status_change(&changed, &changed)),
        "status.loadBalancer.ingress[0].ip: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)\n\
         status.loadBalancer.ingress[1].hostname: Invalid value: \"10.0.0.1\": must be a DNS name, not an IP address"
    );
}

#[test]
fn endpoint_slices() {
    let slice = |kind: &str, address: &str| json!({"addressType": kind, "endpoints": [{"addresses": [address]}], "ports": [{"port": 80}]});
    for (slice, expected) in [
        (slice("IPv4", "10.0.0.1"), vec![]),
        (slice("IPv4", "127.0.0.1"), vec![]), // Other than a real API server.
        (slice("IPv6", "::1"), vec![]),
        (slice("FQDN", "a.example"), vec![]),
        (json!({}), vec!["addressType: Required value"]),
        (
            slice("Any", "x"),
            vec!["addressType: Unsupported value: \"Any\": supported values: \"FQDN\", \"IPv4\", \"IPv6\""],
        ),
        (
            slice("IPv4", "fd00::1"),
            vec!["endpoints[0].addresses: Invalid value: \"fd00::1\": must be an IPv4 address"],
        ),
        (
            slice("IPv6", "fd00:0::1"),
            vec![
                "endpoints[0].addresses[0]: Invalid value: \"fd00:0::1\": must be in canonical form (\"fd00::1\")",
            ],
        ),
        (
            slice("IPv4", "0.0.0.0"),
            vec!["endpoints[0].addresses[0]: Invalid value: \"0.0.0.0\": may not be unspecified (0.0.0.0)"],
        ),
        (
            slice("FQDN", "a"),
            vec![
                "endpoints[0].addresses[0]: Invalid value: \"a\": should be a domain with at least two segments separated by dots",
            ],
        ),
        (
            json!({"addressType": "IPv4", "endpoints": [{"addresses": []}], "ports": [{"port": 1}, {"port": 2}]}),
            vec![
                "ports[1].name: Duplicate value: \"\"",
                "endpoints[0].addresses: Required value",
            ],
        ),
        (
            json!({"addressType": "IPv4", "endpoints": vec![json!({"addresses": ["10.0.0.1"]}); 1001]}),
            vec!["endpoints: Too many: 1001: must have at most 1000 items"],
        ),
    ] {
        assert_said("EndpointSlice", slice, &expected);
    }
    assert_eq!(
        said_of_change(
            "EndpointSlice",
            json!({"addressType": "IPv4"}),
            json!({"addressType": "IPv6"})
        ),
        "addressType: Invalid value: \"IPv6\": field is immutable"
    );
}

#[test]
fn ingresses() {
    let backend = || json!({"service": {"name": "web", "port": {"number": 80}}});
    let path = |kind: Value, path: &str| json!({"rules": [{"http": {"paths": [{"path": path, "pathType": kind, "backend": backend()}]}}]});
    let host = |host: &str| json!({"rules": [{"host": host}]});
    for (spec, expected) in [
        (path(json!("Prefix"), "/a"), vec![]),
        (path(json!("ImplementationSpecific"), ""), vec![]),
        (host("*.example.com"), vec![]),
        (
            json!({}),
            vec!["spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"],
        ),
        (
            path(Value::Null, "/"),
            vec!["spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified"],
        ),
        (
            path(json!("Regex"), "/"),
            vec![
                "spec.rules[0].http.paths[0].pathType: Unsupported value: \"Regex\": supported values: \"Exact\", \"ImplementationSpecific\", \"Prefix\"",
            ],
        ),
        (
            path(json!("Exact"), "a//b/.."),
            vec![
                "spec.rules[0].http.paths[0].path: Invalid value: \"a//b/..\": must be an absolute path",
                "spec.rules[0].http.paths[0].path: Invalid value: \"a//b/..\": must not contain '//'",
                "spec.rules[0].http.paths[0].path: Invalid value: \"a//b/..\": cannot end with '/..'",
            ],
        ),
        (
            host("10.0.0.1"),
            vec!["spec.rules[0].host: Invalid value: \"10.0.0.1\": must be a DNS name, not an IP address"],
        ),
        (
            host("a.*.example.com"),
            vec![
                "spec.rules[0].host: Invalid value: \"a.*.example.com\": a wildcard DNS-1123 subdomain must start with '*.'",
            ],
        ),
        (
            json!({"defaultBackend": {}}),
            vec!["spec.defaultBackend: Invalid value: \"\": resource or service backend is required"],
        ),
        (
            json!({"defaultBackend": {"service": {"name": "web", "port": {"name": "http", "number": 80}}}}),
            vec!["spec.defaultBackend: Invalid value: \"\": cannot set both port name & port number"],
        ),
        (
            json!({"defaultBackend": {"service": {"port": {}}}}),
            vec![
                "spec.defaultBackend.service.name: Required value",
                "spec.defaultBackend: Required value: port name or number is required",
            ],
        ),
        (
            json!({"defaultBackend": backend(), "tls": [{"hosts": ["A"], "secretName": "B"}]}),
            vec![
                "spec.tls[0].hosts[0]: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of",
                "spec.tls[0].secretName: Invalid value: \"B\": a lowercase RFC 1123 subdomain must consist of",
            ],
        ),
        (
            json!({"rules": [{"http": {"paths": []}}]}),
            vec!["spec.rules[0].http.paths: Required value"],
        ),
    ] {
        assert_said("Ingress", json!({"spec": spec}), &expected);
    }
    let both = json!({
        "metadata": {"annotations": {"kubernetes.io/ingress.class": "a"}},
        "spec": {"defaultBackend": backend(), "ingressClassName": "b"},
    });
    assert_said(
        "Ingress",
        both,
        &[
            "annotations.kubernetes.io/ingress.class: Invalid value: \"a\": must match `ingressClassName` when both are specified",
        ],
    );
    for (controller, expected) in [
        ("a.example/x", vec![]),
        ("", vec!["spec.controller: Required value"]),
        (
            "x",
            vec![
                "spec.controller: Invalid value: \"x\": must be a domain-prefixed path (such as \\\"acme.io/foo\\\")",
            ],
        ),
    ] {
        let expected: Vec<String> = expected.iter().map(|text| text.replace("\\\"", "\"")).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        assert_said(
            "IngressClass",
            json!({"spec": {"controller": controller}}),
            &expected,
        );
    }
}

#[test]
fn network_policies() {
    let peer = |peer: Value| json!({"ingress": [{"from": [peer]}]});
    let port = |port: Value| json!({"egress": [{"ports": [port]}]});
    for (spec, expected) in [
        (peer(json!({"podSelector": {}, "namespaceSelector": {}})), vec![]),
        (port(json!({"port": 80, "endPort": 90})), vec![]),
        (
            peer(json!({})),
            vec!["spec.ingress[0].from[0]: Required value: must specify a peer"],
        ),
        (
            peer(json!({"podSelector": {}, "ipBlock": {"cidr": "10.0.0.0/8"}})),
            vec!["spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer"],
        ),
        (
            peer(
                json!({"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/16", "10.0.0.0/8", "10.1.0.0/16"]}}),
            ),
            vec![
                "spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: \"11.0.0.0/16\": must be a strict subset of `cidr`",
                "spec.ingress[0].from[0].ipBlock.except[1]: Invalid value: \"10.0.0.0/8\": must be a strict subset of `cidr`",
            ],
        ),
        (
            peer(
                json!({"podSelector": {"matchExpressions": [{"key": "a", "operator": "In"}, {"key": "a", "operator": "Is"}]}}),
            ),
            vec![
                "spec.ingress[0].from[0].podSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
                "spec.ingress[0].from[0].podSelector.matchExpressions[1].operator: Invalid value: \"Is\": not a valid selector operator",
            ],
        ),
        (
            port(json!({"port": 80, "endPort": 79})),
            vec![
                "spec.egress[0].ports[0].endPort: Invalid value: 79: must be greater than or equal to `port`",
            ],
        ),
        (
            port(json!({"port": "http", "endPort": 79})),
            vec![
                "spec.egress[0].ports[0].endPort: Invalid value: 79: may not be specified when `port` is non-numeric",
            ],
        ),
        (
            port(json!({"endPort": 79, "protocol": "ICMP"})),
            vec![
                "spec.egress[0].ports[0].protocol: Unsupported value: \"ICMP\": supported values: \"TCP\", \"UDP\", \"SCTP\"",
                "spec.egress[0].ports[0].endPort: Invalid value: 79: may not be specified when `port` is not specified",
            ],
        ),
        (
            json!({"policyTypes": ["Both"]}),
            vec![
                "spec.policyTypes[0]: Unsupported value: \"Both\": supported values: \"Ingress\", \"Egress\"",
            ],
        ),
    ] {
        assert_said("NetworkPolicy", json!({"spec": spec}), &expected);
    }
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
