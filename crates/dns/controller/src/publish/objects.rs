//! The Service of the cluster DNS, and the EndpointSlice of one server.

use std::net::{IpAddr, SocketAddr};

use kinglet_model::{EndpointSlice, Meta, ObjectName, Service, wellknown};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Namespace of all objects here.
pub(super) const NAMESPACE: &str = "kube-system";
/// The Service, as in every cluster.
const SERVICE: &str = "kube-dns";
/// Who manages a server's slice, and field manager of everything here.
pub(super) const MANAGER: &str = "kinglet-dns";

/// An object as it is written, and as it is read.
pub(super) struct Wanted<K> {
    pub(super) name: ObjectName,
    pub(super) body: Value,
    model: K,
}

impl<K: DeserializeOwned + Default> Wanted<K> {
    fn new(name: ObjectName, body: Value) -> Self {
        // What is wrong with the body above would be seen by the first test: nothing is as wanted then.
        let model = serde_json::from_value(body.clone()).unwrap_or_default();
        Self { name, body, model }
    }
}

pub(super) fn service_name() -> ObjectName {
    ObjectName::new(NAMESPACE, SERVICE)
}

/// Same name, labels and ports as CoreDNS' Service in K3s; the same from each server.
pub(super) fn service(address: IpAddr) -> Wanted<Service> {
    // Targets have names: where a server really listens stands in its own slice, and a change of it touches
    // no other.
    let body = json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {
            "name": SERVICE, "namespace": NAMESPACE,
            "labels": {"k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "Kinglet"},
        },
        "spec": {
            "clusterIP": address, "clusterIPs": [address],
            "ports": [
                {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": "dns"},
                {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": "dns-tcp"},
            ],
        },
    });
    Wanted::new(service_name(), body)
}

/// The slice of the server at an endpoint. Its name is the endpoint: what two servers write differs only if the
/// name does.
pub(super) fn slice(endpoint: SocketAddr) -> Wanted<EndpointSlice> {
    // Colons are not for names.
    let address = endpoint.ip().to_string().replace([':', '.'], "-");
    let name = format!("{SERVICE}-{address}-{}", endpoint.port());
    let body = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {
            "name": name, "namespace": NAMESPACE,
            "labels": {wellknown::LABEL_SERVICE_NAME: SERVICE, wellknown::LABEL_MANAGED_BY: MANAGER},
        },
        "addressType": if endpoint.is_ipv4() { "IPv4" } else { "IPv6" },
        "ports": [
            {"name": "dns", "port": endpoint.port(), "protocol": "UDP"},
            {"name": "dns-tcp", "port": endpoint.port(), "protocol": "TCP"},
        ],
        "endpoints": [{"addresses": [endpoint.ip()], "conditions": {"ready": true}}],
    });
    Wanted::new(ObjectName::new(NAMESPACE, name), body)
}

impl Wanted<Service> {
    /// Whether a Service has what is wanted; more ports, labels and a second address are its owner's.
    pub(super) fn is_met_by(&self, found: &Service) -> bool {
        let has_ports = self.model.ports.iter().all(|port| found.ports.contains(port));
        has_ports
            && found.cluster_ips.first() == self.model.cluster_ips.first()
            && has_labels(&found.metadata, &self.model.metadata)
    }
}

impl Wanted<EndpointSlice> {
    /// Whether a slice is as wanted.
    pub(super) fn is_met_by(&self, found: &EndpointSlice) -> bool {
        let is_same = (&found.endpoints, &found.ports) == (&self.model.endpoints, &self.model.ports);
        is_same
            && found.address_type == self.model.address_type
            && has_labels(&found.metadata, &self.model.metadata)
    }
}

fn has_labels(found: &Meta, wanted: &Meta) -> bool {
    wanted
        .labels
        .iter()
        .all(|(key, value)| found.label(key) == Some(value))
}

/// Whose a slice of the Service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// A server's.
    Server,
    /// What servers shared before each had a slice of its own: nobody keeps it.
    Nobody,
    /// Another controller's, or a user's.
    Other,
}

/// Whose a slice is; `Other` if it belongs to another Service.
pub(super) fn owner(slice: &EndpointSlice) -> Owner {
    if slice.service() != Some(service_name()) {
        return Owner::Other;
    }
    match slice.metadata.label(wellknown::LABEL_MANAGED_BY) {
        Some(MANAGER) => Owner::Server,
        None if &*slice.metadata.name == SERVICE => Owner::Nobody,
        _ => Owner::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<K: DeserializeOwned>(body: &Value) -> K {
        serde_json::from_value(body.clone()).unwrap()
    }

    #[test]
    fn names_are_endpoints() {
        for (endpoint, name) in [
            ("10.0.0.5:53", "kube-dns-10-0-0-5-53"),
            ("[fd00::7]:1053", "kube-dns-fd00--7-1053"),
        ] {
            let slice = slice(endpoint.parse().unwrap());
            assert_eq!(&*slice.name.name, name);
            assert!(slice.is_met_by(&read(&slice.body)));
            assert_eq!(owner(&read(&slice.body)), Owner::Server);
        }
    }

    #[test]
    fn differences_count_and_additions_do_not() {
        let wanted = slice("10.0.0.5:53".parse().unwrap());
        let mut other = wanted.body.clone();
        other["endpoints"][0]["conditions"]["ready"] = false.into();
        assert!(!wanted.is_met_by(&read(&other)));

        let wanted = service("10.43.0.10".parse().unwrap());
        let mut found = wanted.body.clone();
        found["spec"]["clusterIPs"] = json!(["10.43.0.10", "fd43::10"]);
        found["metadata"]["labels"]["mine"] = "yes".into();
        assert!(wanted.is_met_by(&read(&found)));
        found["spec"]["ports"][0]["targetPort"] = 1053.into();
        assert!(!wanted.is_met_by(&read(&found)));
    }

    #[test]
    fn slices_of_others_stay() {
        let mut body = slice("10.0.0.5:53".parse().unwrap()).body;
        body["metadata"]["labels"][wellknown::LABEL_MANAGED_BY] = "endpointslice-controller.k8s.io".into();
        assert_eq!(owner(&read(&body)), Owner::Other);
        body["metadata"] = json!({
            "name": "kube-dns", "namespace": NAMESPACE, "labels": {wellknown::LABEL_SERVICE_NAME: SERVICE},
        });
        assert_eq!(owner(&read(&body)), Owner::Nobody);
        body["metadata"]["labels"][wellknown::LABEL_SERVICE_NAME] = "another".into();
        assert_eq!(owner(&read(&body)), Owner::Other);
    }
}
