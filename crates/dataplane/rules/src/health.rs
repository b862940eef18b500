//! What load balancers get as an answer at `healthCheckNodePort`: whether this node has endpoints of a
//! Service.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kinglet_model::{EndpointSlice, Object, ObjectName, Service, ServiceType, TrafficPolicy};

use crate::plan::is_proxied;

/// The state of a Service on this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The Service.
    pub service: ObjectName,
    /// How many of its endpoints are on the node and ready; those that are ending do not count.
    pub local_endpoints: usize,
}

/// The Services that have a health check, by its port. Of several with one port the first by name has it.
pub type HealthChecks = BTreeMap<u16, Health>;

/// The health check of a Service, if it has one: `type: LoadBalancer` with `externalTrafficPolicy: Local`.
pub(crate) fn check(service: &Service, slices: &[&EndpointSlice], node: &Arc<str>) -> Option<(u16, Health)> {
    let has_one = is_proxied(service)
        && service.service_type == ServiceType::LoadBalancer
        && service.external_traffic_policy == TrafficPolicy::Local
        && service.health_check_node_port != 0;
    let health = || Health {
        service: service.object_name(),
        local_endpoints: ready_here(slices, node),
    };
    has_one.then(|| (service.health_check_node_port, health()))
}

fn ready_here(slices: &[&EndpointSlice], node: &Arc<str>) -> usize {
    let endpoints = slices.iter().flat_map(|slice| &slice.endpoints);
    let ready = endpoints.filter(|endpoint| {
        endpoint.node_name.as_ref() == Some(node)
            && endpoint.conditions.ready()
            && !endpoint.conditions.terminating()
    });
    // While its controller moves an endpoint from slice to slice, it is in both, and counts once.
    let addresses: BTreeSet<&Arc<str>> = ready.filter_map(|endpoint| endpoint.addresses.first()).collect();
    addresses.len()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_ready_endpoints_of_the_node_count() {
        let service = |policy: &str| -> Service {
            serde_json::from_value(json!({
                "metadata": {"name": "web", "namespace": "shop"},
                "spec": {"type": "LoadBalancer", "clusterIPs": ["10.43.0.1"], "externalTrafficPolicy": policy, "healthCheckNodePort": 31000},
            }))
            .unwrap()
        };
        let slice: EndpointSlice = serde_json::from_value(json!({
            "metadata": {"name": "web-1", "namespace": "shop"}, "addressType": "IPv4",
            "endpoints": [
                {"addresses": ["10.42.1.2"], "nodeName": "n1", "conditions": {"ready": true}},
                {"addresses": ["10.42.1.2"], "nodeName": "n1", "conditions": {"ready": true}},
                {"addresses": ["10.42.1.3"], "nodeName": "n1", "conditions": {"ready": false, "serving": true, "terminating": true}},
                {"addresses": ["10.42.2.2"], "nodeName": "n2", "conditions": {"ready": true}},
            ],
        }))
        .unwrap();
        let on = |node: &str, policy: &str| {
            let found = check(&service(policy), &[&slice], &node.into());
            found.map(|(port, health)| (port, health.local_endpoints))
        };
        assert_eq!(on("n1", "Local"), Some((31000, 1)));
        assert_eq!(on("n3", "Local"), Some((31000, 0)));
        assert_eq!(on("n1", "Cluster"), None);
    }
}
