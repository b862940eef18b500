//! A cluster with as many policies as pods.
//!
//! Up to 100 pods and 100 policies are in a namespace, where two pods make an application. One policy is
//! about an application's ingress: from the application before it to TCP and UDP 8080, and from gateways in
//! namespaces of a team to TCP 9090. The other one is about its egress: to the application after it, to DNS,
//! and to TCP 443 outside the cluster. So every pod is isolated in both directions. One pod in ten is a
//! gateway, and ten namespaces make a team.
//!
//! Pod 0 may open connections to pod 1, and both are on the node.

use std::net::Ipv4Addr;
use std::sync::Arc;

use kinglet_model::{Namespace, NetworkPolicy, Pod};
use serde::de::DeserializeOwned;
use serde_json::{Error, Value, json};

/// The network of all pods.
pub(crate) const PODS: &str = "10.42.0.0/16";
/// Name of the own Node.
pub(crate) const NODE: &str = "here";
/// Pods of a namespace.
const TOGETHER: usize = 100;
/// Namespaces of a team.
const TEAM: usize = 10;
/// The port that the application before may use.
const PORT: u16 = 8080;

/// What is to be known about a cluster to tell any of its objects.
pub(crate) struct Cluster {
    /// How many pods there are, and policies.
    pub(crate) pods: usize,
    /// How many pods are on the node.
    local: usize,
}

/// All objects of a cluster.
pub(crate) struct Objects {
    pub(crate) namespaces: Vec<Arc<Namespace>>,
    pub(crate) pods: Vec<Arc<Pod>>,
    pub(crate) policies: Vec<Arc<NetworkPolicy>>,
}

impl Cluster {
    /// Of at least 10 pods.
    pub(crate) fn new(pods: usize, local: usize) -> Result<Self, Box<dyn std::error::Error>> {
        if pods < 10 || !pods.is_multiple_of(10) || !(2..=pods).contains(&local) {
            return Err("there are 10, 20, ... pods, and 2 of them or more on the node".into());
        }
        Ok(Self { pods, local })
    }

    /// All objects, as the agent would have them.
    pub(crate) fn objects(&self) -> Result<Objects, Error> {
        let namespaces = self.namespaces().map(made);
        let pods = self.all_pods().map(made);
        let policies = self.policies().map(made);
        Ok(Objects {
            namespaces: namespaces.collect::<Result<_, _>>()?,
            pods: pods.collect::<Result<_, _>>()?,
            policies: policies.collect::<Result<_, _>>()?,
        })
    }

    /// All objects, as the API would send them.
    pub(crate) fn api(&self) -> Value {
        json!({
            "namespaces": self.namespaces().collect::<Vec<_>>(),
            "pods": self.all_pods().collect::<Vec<_>>(),
            "policies": self.policies().collect::<Vec<_>>(),
        })
    }

    fn namespaces(&self) -> impl Iterator<Item = Value> {
        let own = (0..self.namespace_count()).map(|number| namespace(number, team(number)));
        std::iter::once(json!({"metadata": {
            "name": "kube-system",
            "labels": {"kubernetes.io/metadata.name": "kube-system"},
        }}))
        .chain(own)
    }

    fn all_pods(&self) -> impl Iterator<Item = Value> + '_ {
        let own = (0..self.pods).map(|number| self.pod(number, self.is_local(number)));
        dns().into_iter().chain(own)
    }

    fn policies(&self) -> impl Iterator<Item = Value> + '_ {
        (0..self.pods).map(|number| self.policy(number, PORT))
    }

    /// How many namespaces have pods, but for that of DNS.
    pub(crate) fn namespace_count(&self) -> usize {
        self.pods.div_ceil(TOGETHER)
    }

    /// The pods on the node are spread over all namespaces.
    pub(crate) fn is_local(&self, number: usize) -> bool {
        number == 1 || self.local == self.pods || number * (self.local - 1) % self.pods < self.local - 1
    }

    /// The first pod, and policy, of the namespace that one is in.
    pub(crate) fn first_beside(&self, number: usize) -> usize {
        number / TOGETHER * TOGETHER
    }

    /// The application of a pod in its namespace.
    pub(crate) fn application(&self, pod: usize) -> usize {
        pod % TOGETHER % self.applications(pod)
    }

    /// The applications of the namespace that a pod or policy is in.
    fn applications(&self, number: usize) -> usize {
        self.pods
            .saturating_sub(self.first_beside(number))
            .clamp(10, TOGETHER)
            / 2
    }

    /// A pod; numbers from [`Self::pods`] on are further ones.
    pub(crate) fn pod(&self, number: usize, local: bool) -> Value {
        // Further ones are beside those that are there.
        let inside = number % self.pods;
        let name = format!("p{number}");
        let application = self.application(inside);
        let role = if inside.is_multiple_of(10) {
            "gateway"
        } else {
            "worker"
        };
        pod(
            &format!("n{}", inside / TOGETHER),
            &name,
            &json!({"app": format!("a{application}"), "role": role, "pod-template-hash": "5d59d67564"}),
            address(number),
            if local { NODE } else { "there" },
        )
    }

    /// A policy: even numbers are about ingress, odd ones about egress. Numbers from [`Self::pods`] on are
    /// further ones.
    pub(crate) fn policy(&self, number: usize, port: u16) -> Value {
        let inside = number % self.pods;
        let count = self.applications(inside);
        let application = inside % TOGETHER / 2;
        let own = app(application);
        let spec = if number.is_multiple_of(2) {
            let before = app((application + count - 1) % count);
            let team = team(inside / TOGETHER);
            let gateways = json!({
                "namespaceSelector": {"matchLabels": {"team": team}},
                "podSelector": {"matchLabels": {"role": "gateway"}},
            });
            json!({"podSelector": own, "policyTypes": ["Ingress"], "ingress": [
                {"from": [{"podSelector": before}], "ports": ports(port)},
                {"from": [gateways], "ports": [{"port": 9090, "protocol": "TCP"}]},
            ]})
        } else {
            let after = app((application + 1) % count);
            let outside = json!({"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}});
            let dns = json!({
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
                "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
            });
            json!({"podSelector": own, "policyTypes": ["Egress"], "egress": [
                {"to": [{"podSelector": after}], "ports": ports(port)},
                {"to": [dns], "ports": ports(53)},
                {"to": [outside], "ports": [{"port": 443, "protocol": "TCP"}]},
            ]})
        };
        let metadata =
            json!({"namespace": format!("n{}", inside / TOGETHER), "name": format!("policy{number}")});
        json!({"metadata": metadata, "spec": spec})
    }
}

/// An object as the agent would have it.
pub(crate) fn made<T: DeserializeOwned>(object: Value) -> Result<Arc<T>, Error> {
    serde_json::from_value(object).map(Arc::new)
}

/// A namespace of a team.
pub(crate) fn namespace(number: usize, team: String) -> Value {
    let name = format!("n{number}");
    json!({"metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name, "team": team}}})
}

/// The team of a namespace.
pub(crate) fn team(namespace: usize) -> String {
    format!("t{}", namespace / TEAM)
}

/// The pods of DNS, on another node.
fn dns() -> [Value; 2] {
    [0, 1].map(|number| {
        let name = format!("coredns-{number}");
        let address = Ipv4Addr::new(10, 42, 255, if number == 0 { 10 } else { 11 });
        pod(
            "kube-system",
            &name,
            &json!({"k8s-app": "kube-dns"}),
            address,
            "there",
        )
    })
}

fn pod(namespace: &str, name: &str, labels: &Value, address: Ipv4Addr, node: &str) -> Value {
    json!({
        "metadata": {"namespace": namespace, "name": name, "labels": labels},
        "spec": {"nodeName": node, "containers": [
            {"name": "main", "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}]},
        ]},
        "status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]},
    })
}

/// The first pod's is 10.42.0.10.
fn address(number: usize) -> Ipv4Addr {
    let offset = u32::try_from(number).unwrap_or(u32::MAX).saturating_add(10);
    Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 42, 0, 0)).saturating_add(offset))
}

fn app(number: usize) -> Value {
    json!({"matchLabels": {"app": format!("a{number}")}})
}

fn ports(number: u16) -> Value {
    json!([{"port": number, "protocol": "TCP"}, {"port": number, "protocol": "UDP"}])
}
