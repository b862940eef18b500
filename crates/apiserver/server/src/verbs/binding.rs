//! The `binding` subresource of Pods: how a scheduler puts a Pod on a node.

use kinglet_api_schema::FieldError;
use serde_json::{Value, json};

use super::call::{Call, Part};
use super::decode::decode;
use crate::error::ApiError;
use crate::http::{Answer, Payload, RequestBody};
use crate::meta;

impl Call {
    /// `POST` of the subresource: a `Binding` (core/v1) with the node in `target`. Its annotations are added
    /// to the Pod's.
    pub(crate) async fn bind(&self, body: &RequestBody) -> Result<Answer, ApiError> {
        let binding = decode(body, "Binding", None)?.object;
        let node = self.target(&binding)?.to_owned();
        loop {
            let stored = self.stored()?;
            let old = self.kind.show(&stored);
            self.check_bindable(&binding, &old)?;
            let mut pod = old.clone();
            assign(&mut pod, &node, &binding);
            self.track(Some(&old), &mut pod);
            if self.dry_run()? {
                return Ok(bound());
            }
            match self.store_update(&stored, pod).await {
                // Changed in between: look again.
                Err(error) if error.reason == "Conflict" => {}
                result => return result.map(|_| bound()),
            }
        }
    }

    /// The node that a binding names.
    fn target<'a>(&self, binding: &'a Value) -> Result<&'a str, ApiError> {
        let text = |pointer| {
            binding
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let (kind, name) = (text("/target/kind"), text("/target/name"));
        let mut errors = Vec::new();
        if !matches!(kind, "" | "Node") {
            let accepted = ["Node", "<empty>"];
            errors.push(FieldError::not_supported("target.kind", kind, &accepted));
        }
        if name.is_empty() {
            errors.push(FieldError::required("target.name", ""));
        }
        if errors.is_empty() {
            return Ok(name);
        }
        Err(ApiError::invalid("", "Binding", self.name(), &errors))
    }

    fn check_bindable(&self, binding: &Value, pod: &Value) -> Result<(), ApiError> {
        let (name, node) = (self.name(), text(pod, "/spec/nodeName"));
        let gates = pod.pointer("/spec/schedulingGates").and_then(Value::as_array);
        let (wanted, found) = (meta::text(binding, "uid"), meta::text(pod, "uid"));
        let why = if !wanted.is_empty() && wanted != found {
            format!("Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}")
        } else if meta::is_terminating(pod) {
            format!("pod {name} is being deleted, cannot be assigned to a host")
        } else if !node.is_empty() {
            format!("pod {name} is already assigned to node {node:?}")
        } else if gates.is_some_and(|gates| !gates.is_empty()) {
            format!("pod {name} has non-empty .spec.schedulingGates")
        } else {
            return Ok(());
        };
        let part = format!("pods/{}", Part::Binding.subresource());
        Err(ApiError::conflict("", &part, name, why))
    }
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The Pod on its node, with the condition `PodScheduled`.
fn assign(pod: &mut Value, node: &str, binding: &Value) {
    pod["spec"]["nodeName"] = node.into();
    let annotations = meta::meta(binding).and_then(|meta| meta.get("annotations")?.as_object());
    for (key, value) in annotations.into_iter().flatten() {
        meta::change(pod, |meta| {
            let all = meta.entry("annotations").or_insert_with(|| json!({}));
            all[key] = value.clone();
        });
    }
    let scheduled = json!({
        "type": "PodScheduled",
        "status": "True",
        "lastProbeTime": null,
        "lastTransitionTime": meta::now(),
    });
    let conditions = pod
        .pointer_mut("/status/conditions")
        .and_then(Value::as_array_mut);
    match conditions {
        None => pod["status"]["conditions"] = json!([scheduled]),
        Some(all) => {
            all.retain(|one| one["type"] != "PodScheduled");
            all.push(scheduled);
        }
    }
}

fn bound() -> Answer {
    let status =
        // A Binding is not kept, so that there is no object to answer.
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
    Answer::new(201, Payload::Value(status))
}
