//! Ingress (networking.k8s.io/v1).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::core::LoadBalancerIngress;
use crate::object::{Meta, nullable, object};

/// An Ingress, flattened: the fields of `spec` are fields of the value itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Wire")]
pub struct Ingress {
    /// Name, annotations, age.
    pub metadata: Meta,
    /// `spec.ingressClassName`.
    pub class_name: Option<Arc<str>>,
    /// `spec.defaultBackend`.
    pub default_backend: Option<IngressBackend>,
    /// `spec.tls`.
    pub tls: Vec<IngressTls>,
    /// `spec.rules`.
    pub rules: Vec<IngressRule>,
    /// `status`.
    pub status: IngressStatus,
}

object!(Ingress, "networking.k8s.io", "v1", "Ingress", "ingresses", true);

/// A rule: a host and its paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "WireRule")]
pub struct IngressRule {
    /// Host name, `*.` wildcard, or `None` for every host.
    pub host: Option<Arc<str>>,
    /// `http.paths`; `None` when the rule has no `http` part.
    pub paths: Option<Vec<IngressPath>>,
}

/// A path of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IngressPath {
    /// The path; empty means `/`.
    #[serde(deserialize_with = "nullable")]
    pub path: Arc<str>,
    /// How `path` is compared.
    #[serde(deserialize_with = "nullable")]
    pub path_type: PathType,
    /// Where matching requests go.
    pub backend: IngressBackend,
}

/// `pathType` of a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PathType {
    /// The whole path, byte for byte.
    Exact,
    /// Element-wise prefix.
    Prefix,
    /// Up to the controller.
    #[default]
    #[serde(other)]
    ImplementationSpecific,
}

/// A backend: a Service port, or another object, which no controller of ours supports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct IngressBackend {
    /// `service`.
    pub service: Option<IngressServiceBackend>,
    /// `resource`, kept for the error message.
    #[serde(skip_serializing)]
    pub resource: Option<serde_json::Value>,
}

/// A Service port as a backend.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct IngressServiceBackend {
    /// Name of the Service, in the Ingress' namespace.
    pub name: Arc<str>,
    /// The Service's port.
    pub port: ServiceBackendPort,
}

/// A Service port by name or number; one of the two is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct ServiceBackendPort {
    /// Port name.
    pub name: Option<Arc<str>>,
    /// Port number.
    pub number: Option<u16>,
}

/// An entry of `spec.tls`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IngressTls {
    /// Hosts that the certificate is meant for.
    #[serde(deserialize_with = "nullable")]
    pub hosts: Vec<Arc<str>>,
    /// Secret with `tls.crt` and `tls.key`, in the Ingress' namespace.
    pub secret_name: Option<Arc<str>>,
}

/// `status` of an Ingress.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IngressStatus {
    /// `loadBalancer.ingress`: where the Ingress is reachable.
    pub addresses: Vec<LoadBalancerIngress>,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    metadata: Meta,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: WireStatus,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    ingress_class_name: Option<Arc<str>>,
    default_backend: Option<IngressBackend>,
    #[serde(deserialize_with = "nullable")]
    tls: Vec<IngressTls>,
    #[serde(deserialize_with = "nullable")]
    rules: Vec<IngressRule>,
}

#[derive(Deserialize)]
struct WireRule {
    #[serde(default)]
    host: Option<Arc<str>>,
    http: Option<WireHttp>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireHttp {
    #[serde(deserialize_with = "nullable")]
    paths: Vec<IngressPath>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireStatus {
    load_balancer: WireLoadBalancer,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireLoadBalancer {
    #[serde(deserialize_with = "nullable")]
    ingress: Vec<LoadBalancerIngress>,
}

impl From<WireRule> for IngressRule {
    fn from(rule: WireRule) -> Self {
        Self {
            host: rule.host.filter(|host| !host.is_empty()),
            paths: rule.http.map(|http| http.paths),
        }
    }
}

impl From<Wire> for Ingress {
    fn from(
        Wire {
            metadata,
            spec,
            status,
        }: Wire,
    ) -> Self {
        Self {
            metadata,
            class_name: spec.ingress_class_name,
            default_backend: spec.default_backend,
            tls: spec.tls,
            rules: spec.rules,
            status: IngressStatus {
                addresses: status.load_balancer.ingress,
            },
        }
    }
}
