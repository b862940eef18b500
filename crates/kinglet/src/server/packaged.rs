//! Objects that Kinglet itself brings, the same from each server: the IngressClass.

use serde_json::{Value, json};

/// The class that K3s' Traefik has, as default, so that Ingresses written for K3s work unchanged.
pub(crate) fn ingress_class() -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
        "metadata": {
            "name": "traefik",
            "annotations": {kinglet_model::wellknown::ANNOTATION_IS_DEFAULT_CLASS: "true"},
        },
        "spec": {"controller": kinglet_model::wellknown::INGRESS_CONTROLLER},
    })
}
