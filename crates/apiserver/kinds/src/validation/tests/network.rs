//! Services, EndpointSlices, Ingresses and NetworkPolicies that the API refuses.

use serde_json::{Value, json};

use super::*;

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
