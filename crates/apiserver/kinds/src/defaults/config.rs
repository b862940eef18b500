//! Namespaces, Secrets, Nodes, RBAC kinds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::json::{Json, JsonMut};

/// Namespace: the label that selects it by name, and its phase.
pub(crate) fn namespace(object: &mut Value) {
    let name = object.text("metadata.name").to_owned();
    if !name.is_empty() {
        object.fill("metadata.labels", json!({}));
        if let Some(labels) = object.at_mut("metadata.labels") {
            // Set again on every write, so that policies can rely on it (KEP-2161).
            labels["kubernetes.io/metadata.name"] = name.into();
        }
    }
    object.fill("status.phase", "Active");
}

/// Namespace: only the server and `finalize` decide about `spec.finalizers`.
pub(crate) fn prepare_namespace(object: &mut Value, old: Option<&Value>) {
    let Some(old) = old else {
        let mut finalizers = object.list("spec.finalizers").to_vec();
        if !finalizers.iter().any(|one| one == "kubernetes") {
            // It keeps the namespace until all that is in it is gone; `finalize` then removes it.
            finalizers.push("kubernetes".into());
        }
        object.put("spec.finalizers", finalizers);
        object.put("status", json!({"phase": "Active"}));
        return;
    };
    object.put("spec", old.at("spec").clone());
}

/// Secret: the type, and `stringData`, which is another way to write `data`.
pub(crate) fn secret(object: &mut Value) {
    object.fill("type", "Opaque");
    let Some(Value::Object(texts)) = object.drop_field("stringData") else {
        return;
    };
    if texts.is_empty() {
        return;
    }
    object.fill("data", json!({}));
    let Some(data) = object.at_mut("data").and_then(Value::as_object_mut) else {
        return;
    };
    // Of a key in both, `stringData` wins.
    for (key, text) in texts {
        let bytes = text.as_str().unwrap_or_default().as_bytes();
        data.insert(key, STANDARD.encode(bytes).into());
    }
}

/// Node: what can be allocated is all there is unless said otherwise.
pub(crate) fn node(object: &mut Value) {
    if object.has("status.capacity") && !object.has("status.allocatable") {
        let capacity = object.at("status.capacity").clone();
        object.put("status.allocatable", capacity);
    }
    // In Go these are structs, and texts without `omitempty`, which are always written.
    object.fill("spec", json!({}));
    object.fill("status.daemonEndpoints", json!({"kubeletEndpoint": {"Port": 0}}));
    for field in NODE_INFO {
        object.fill(&format!("status.nodeInfo.{field}"), "");
    }
}

/// What every Node tells of itself, if only an empty text.
const NODE_INFO: [&str; 10] = [
    "architecture",
    "bootID",
    "containerRuntimeVersion",
    "kernelVersion",
    "kubeProxyVersion",
    "kubeletVersion",
    "machineID",
    "operatingSystem",
    "osImage",
    "systemUUID",
];

const RBAC: &str = "rbac.authorization.k8s.io";

/// RoleBinding and ClusterRoleBinding: API groups of the role and of the subjects.
pub(crate) fn role_binding(object: &mut Value) {
    if object.has("roleRef") {
        object.fill("roleRef.apiGroup", RBAC);
    }
    object.each("subjects", |subject| {
        if matches!(subject.text("kind"), "User" | "Group") {
            subject.fill("apiGroup", RBAC);
        }
    });
}

/// CustomResourceDefinition: derived names and no conversion.
pub(crate) fn custom_resource_definition(object: &mut Value) {
    let kind = object.text("spec.names.kind").to_owned();
    if !kind.is_empty() {
        object.fill("spec.names.singular", kind.to_lowercase());
        object.fill("spec.names.listKind", format!("{kind}List"));
    }
    if object.has("spec") {
        object.fill("spec.conversion", json!({"strategy": "None"}));
    }
    if object.text("spec.conversion.strategy") == "Webhook"
        && object.has("spec.conversion.webhook.clientConfig.service")
    {
        object.fill("spec.conversion.webhook.clientConfig.service.port", 443);
    }
}
