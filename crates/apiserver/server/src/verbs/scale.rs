//! The `scale` subresource: replicas of any scalable kind as an autoscaling/v1 Scale.

use serde_json::{Value, json};

use super::call::Call;
use super::decode::{decode, decode_json};
use crate::error::ApiError;
use crate::http::{Answer, MediaType, Payload, RequestBody};
use crate::meta;
use crate::pending::patches;

impl Call {
    /// `GET` of the subresource.
    pub(crate) fn get_scale(&self) -> Result<Answer, ApiError> {
        let object = self.kind.show(self.stored()?.as_ref());
        Ok(Answer::ok(Payload::Value(self.scale_of(&object))))
    }

    /// `PUT` of the subresource.
    pub(crate) async fn update_scale(&self, body: &RequestBody) -> Result<Answer, ApiError> {
        let scale = decode(body)?.object;
        self.set_scale(&scale).await
    }

    /// `PATCH` of the subresource.
    pub(crate) async fn patch_scale(&self, body: &RequestBody) -> Result<Answer, ApiError> {
        let before = self.scale_of(&self.kind.show(self.stored()?.as_ref()));
        let patch = decode_json(&body.bytes)?.object;
        let mut scale = match body.patch_type()? {
            MediaType::JsonPatch => patches::json(&before, &patch)?,
            _ => patches::merge(&before, &patch)?,
        };
        if meta::text(&patch, "resourceVersion").is_empty() {
            meta::set(&mut scale, "resourceVersion", None);
        }
        self.set_scale(&scale).await
    }

    async fn set_scale(&self, scale: &Value) -> Result<Answer, ApiError> {
        let Some(paths) = &self.kind.resource.scale else {
            return Err(self.not_found(self.name()));
        };
        let replicas = scale.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(0);
        if replicas < 0 {
            let error = kinglet_api_schema::FieldError::invalid(
                "spec.replicas",
                replicas,
                "must be greater than or equal to 0",
            );
            return Err(ApiError::invalid("autoscaling", "Scale", self.name(), &[error]));
        }
        loop {
            let stored = self.stored()?;
            let mut object = self.kind.show(&stored);
            meta::take_over(&mut object, scale, "resourceVersion");
            put(&mut object, &paths.spec_replicas, replicas.into());
            match self.replace(&stored, object, None).await {
                Err(error) if error.reason == "Conflict" && meta::text(scale, "resourceVersion").is_empty() => {}
                other => return Ok(Answer::ok(Payload::Value(self.scale_of(&other?)))),
            }
        }
    }

    fn scale_of(&self, object: &Value) -> Value {
        let paths = self.kind.resource.scale.as_ref();
        let number = |path: &str| at(object, path).and_then(Value::as_i64).unwrap_or(0);
        let mut metadata = json!({});
        for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
            let value = meta::text(object, field);
            if !value.is_empty() {
                metadata[field] = value.into();
            }
        }
        let mut scale = json!({
            "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
            "spec": {"replicas": paths.map_or(0, |paths| number(&paths.spec_replicas))},
            "status": {"replicas": paths.map_or(0, |paths| number(&paths.status_replicas))},
        });
        let selector = paths
            .and_then(|paths| paths.label_selector.as_deref())
            .and_then(|path| at(object, path))
            .map(selector_text);
        if let Some(selector) = selector.filter(|text| !text.is_empty()) {
            scale["status"]["selector"] = selector.into();
        }
        scale
    }
}

/// The value at a dotted path, which may start with a dot.
fn at<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').filter(|step| !step.is_empty()).try_fold(object, |value, step| value.get(step))
}

/// Sets the value at a dotted path, making the objects on the way.
fn put(object: &mut Value, path: &str, value: Value) {
    let mut slot = object;
    for step in path.split('.').filter(|step| !step.is_empty()) {
        if !slot.is_object() {
            *slot = json!({});
        }
        slot = &mut slot[step];
    }
    *slot = value;
}

/// A selector as text: it is one already, or a `LabelSelector`.
fn selector_text(selector: &Value) -> String {
    if let Some(text) = selector.as_str() {
        return text.to_owned();
    }
    let labels = selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten();
    let mut terms: Vec<String> =
        labels.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    for expression in selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten() {
        let text = |field: &str| expression.get(field).and_then(Value::as_str).unwrap_or_default();
        let values: Vec<&str> = expression
            .get("values")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        terms.push(match text("operator") {
            "In" => format!("{} in ({})", text("key"), values.join(",")),
            "NotIn" => format!("{} notin ({})", text("key"), values.join(",")),
            "DoesNotExist" => format!("!{}", text("key")),
            _ => text("key").to_owned(),
        });
    }
    terms.join(",")
}
