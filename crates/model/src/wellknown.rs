//! Names of labels, annotations and types that Kubernetes and the replaced programs define.

/// Label of an EndpointSlice: the Service it belongs to.
pub const LABEL_SERVICE_NAME: &str = "kubernetes.io/service-name";
/// Label of an EndpointSlice: which controller writes it.
pub const LABEL_MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
/// Label of a Service or an EndpointSlice: which proxy serves it, if not the usual one.
pub const LABEL_SERVICE_PROXY_NAME: &str = "service.kubernetes.io/service-proxy-name";
/// Label of a Service or an EndpointSlice: no proxy serves it, whatever its value.
pub const LABEL_HEADLESS: &str = "service.kubernetes.io/headless";
/// Label of a Node: its topology zone.
pub const LABEL_ZONE: &str = "topology.kubernetes.io/zone";
/// Annotation with `spec.loadBalancerSourceRanges` of a Service, separated by commas, for when the field is
/// empty.
pub const ANNOTATION_SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";
/// Annotation that named an Ingress' class before `spec.ingressClassName`.
pub const ANNOTATION_INGRESS_CLASS: &str = "kubernetes.io/ingress.class";
/// Annotation of an IngressClass: it is the default.
pub const ANNOTATION_IS_DEFAULT_CLASS: &str = "ingressclass.kubernetes.io/is-default-class";
/// `spec.controller` of an IngressClass that Traefik, and therefore Kinglet, serves.
pub const INGRESS_CONTROLLER: &str = "traefik.io/ingress-controller";
