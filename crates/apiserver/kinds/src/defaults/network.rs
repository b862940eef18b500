//! Services, endpoints, ingresses and network policies.

use serde_json::{Value, json};

use crate::json::{Json, JsonMut};

/// Seconds for which `ClientIP` affinity sticks: three hours.
const AFFINITY_TIMEOUT: i64 = 10_800;

/// Service, but for addresses and node ports, which [`crate::allocate`] assigns.
pub(crate) fn service(object: &mut Value) {
    object.fill("spec", json!({}));
    let Some(spec) = object.at_mut("spec") else {
        return;
    };
    spec.fill("sessionAffinity", "None");
    match spec.text("sessionAffinity") {
        // Left over from before a change to `None`, it would be refused.
        "None" => drop(spec.drop_field("sessionAffinityConfig")),
        "ClientIP" => spec.fill("sessionAffinityConfig.clientIP.timeoutSeconds", AFFINITY_TIMEOUT),
        _ => {}
    }
    spec.fill("type", "ClusterIP");
    spec.each("ports", |port| {
        port.fill("protocol", "TCP");
        if !port.has("targetPort") || port.at("targetPort") == 0 || port.at("targetPort") == "" {
            let number = port.at("port").clone();
            port.put("targetPort", number);
        }
    });
    if externally_accessible(spec) {
        spec.fill("externalTrafficPolicy", "Cluster");
    }
    if matches!(spec.text("type"), "ClusterIP" | "NodePort" | "LoadBalancer") {
        spec.fill("internalTrafficPolicy", "Cluster");
    }
    let balanced = spec.text("type") == "LoadBalancer";
    if balanced {
        spec.fill("allocateLoadBalancerNodePorts", true);
    }
    object.fill("status.loadBalancer", json!({}));
    if balanced {
        object.each("status.loadBalancer.ingress", |ingress| {
            // A host name has no mode (KEP-1860).
            if !ingress.text("ip").is_empty() {
                ingress.fill("ipMode", "VIP");
            }
        });
    }
}

/// Whether traffic from outside the cluster reaches a Service (given its `spec`), so that
/// `externalTrafficPolicy` means something.
pub(crate) fn externally_accessible(spec: &Value) -> bool {
    match spec.text("type") {
        "LoadBalancer" | "NodePort" => true,
        "ClusterIP" => !spec.list("externalIPs").is_empty(),
        _ => false,
    }
}

/// Endpoints.
pub(crate) fn endpoints(object: &mut Value) {
    object.each("subsets", |subset| {
        subset.each("ports", |port| port.fill("protocol", "TCP"));
    });
}

/// EndpointSlice.
pub(crate) fn endpoint_slice(object: &mut Value) {
    object.each("ports", |port| {
        port.fill("name", "");
        port.fill("protocol", "TCP");
    });
    object.fill("endpoints", json!([]));
    object.each("endpoints", |endpoint| {
        endpoint.fill("conditions", json!({}));
        // Only there to carry fields of the kind's beta version.
        endpoint.drop_field("deprecatedTopology");
    });
}

/// Ingress.
pub(crate) fn ingress(object: &mut Value) {
    object.fill("spec", json!({}));
    object.fill("status.loadBalancer", json!({}));
}

/// IngressClass.
pub(crate) fn ingress_class(object: &mut Value) {
    object.fill("spec", json!({}));
    if object.has("spec.parameters") {
        object.fill("spec.parameters.scope", "Cluster");
    }
}

/// NetworkPolicy: what a policy without types isolates.
pub(crate) fn network_policy(object: &mut Value) {
    object.fill("spec.podSelector", json!({}));
    if object.list("spec.policyTypes").is_empty() {
        let types: &[&str] = if object.list("spec.egress").is_empty() {
            &["Ingress"]
        } else {
            &["Ingress", "Egress"]
        };
        object.put("spec.policyTypes", types);
    }
    for rules in ["spec.ingress", "spec.egress"] {
        object.each(rules, |rule| {
            rule.each("ports", |port| port.fill("protocol", "TCP"));
        });
    }
}
