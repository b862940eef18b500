//! The `scale` subresource: replicas of any scalable kind as an autoscaling/v1 Scale.

use kinglet_api_kinds::table::human_duration;
use kinglet_api_patch::{json_patch, merge_patch};
use kinglet_api_schema::FieldError;
use kinglet_model::Selector;
use serde_json::{Value, json};

use super::call::Call;
use super::decode::decode;
use super::patch::{Patch, refused};
use crate::error::ApiError;
use crate::http::{Answer, MediaType, Payload, RequestBody, Shape};
use crate::meta;

impl Call {
    /// `GET` of the subresource.
    pub(crate) fn get_scale(&self) -> Result<Answer, ApiError> {
        let object = self.kind.show(self.stored()?.as_ref());
        Ok(self.answer_scale(&object))
    }

    /// `PUT` of the subresource.
    pub(crate) async fn update_scale(&self, body: &RequestBody) -> Result<Answer, ApiError> {
        let scale = decode(body, "Scale", None)?.object;
        self.set_scale(&scale).await
    }

    /// `PATCH` of the subresource.
    pub(crate) async fn patch_scale(&self, body: &RequestBody) -> Result<Answer, ApiError> {
        let before = self.scale_of(&self.kind.show(self.stored()?.as_ref()));
        let patch = Patch::read(body, !self.kind.resource.is_custom())?;
        let mut scale = match patch.kind {
            MediaType::JsonPatch => json_patch(&before, &patch.body),
            // A Scale has no lists that could merge: strategic and plain merge are the same.
            _ => merge_patch(&before, &patch.body),
        }
        .map_err(|error| refused(&error))?;
        // It is that of the state read above, which the client did not ask for.
        if !patch.names_revision() {
            meta::set(&mut scale, "resourceVersion", None);
        }
        self.set_scale(&scale).await
    }

    async fn set_scale(&self, scale: &Value) -> Result<Answer, ApiError> {
        let Some(paths) = &self.kind.resource.scale else {
            return Err(self.not_found(self.name()));
        };
        let replicas = scale
            .pointer("/spec/replicas")
            .and_then(Value::as_i64)
            .unwrap_or(0);
        if replicas < 0 {
            let error = FieldError::invalid("spec.replicas", replicas, "must be greater than or equal to 0");
            return Err(ApiError::invalid("autoscaling", "Scale", self.name(), &[error]));
        }
        loop {
            let stored = self.stored()?;
            let mut object = self.kind.show(&stored);
            meta::take_over(&mut object, scale, "resourceVersion");
            put(&mut object, &paths.spec_replicas, replicas.into());
            match self.replace(&stored, object, false).await {
                Err(error)
                    if error.reason == "Conflict" && meta::text(scale, "resourceVersion").is_empty() => {}
                other => return Ok(self.answer_scale(&other?)),
            }
        }
    }

    /// The Scale of an object, or a Table with it.
    fn answer_scale(&self, object: &Value) -> Answer {
        let scale = self.scale_of(object);
        Answer::ok(Payload::Value(match &self.accept.shape {
            Shape::Table(version) => table(&scale, version),
            _ => scale,
        }))
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
        // HorizontalPodAutoscalers find the Pods by it.
        if let Some(selector) = selector.filter(|text| !text.is_empty()) {
            scale["status"]["selector"] = selector.into();
        }
        scale
    }
}

/// A Table (meta.k8s.io) of one Scale.
fn table(scale: &Value, version: &str) -> Value {
    let columns = [
        ("Name", "string"),
        ("Desired", "integer"),
        ("Available", "integer"),
        ("Age", "string"),
    ];
    let definitions: Vec<Value> = columns
        .iter()
        .map(|(name, kind)| json!({"name": name, "type": kind, "format": "", "description": "", "priority": 0}))
        .collect();
    let age = meta::text(scale, "creationTimestamp").parse().map_or_else(
        |_| "<unknown>".to_owned(),
        |created: jiff::Timestamp| human_duration(jiff::Timestamp::now().duration_since(created).as_secs()),
    );
    json!({
        "kind": "Table", "apiVersion": format!("meta.k8s.io/{version}"),
        "metadata": {"resourceVersion": meta::text(scale, "resourceVersion")},
        "columnDefinitions": definitions,
        "rows": [{
            "cells": [meta::text(scale, "name"), scale["spec"]["replicas"], scale["status"]["replicas"], age],
            "object": super::shape::partial_metadata(scale, version),
        }],
    })
}

/// The value at a dotted path, which may start with a dot.
fn at<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.')
        .filter(|step| !step.is_empty())
        .try_fold(object, |value, step| value.get(step))
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
    match selector.as_str() {
        Some(text) => text.to_owned(),
        None => match Selector::from_label_selector(selector) {
            Ok(Some(selector)) => selector.to_string(),
            // A selector that selects nothing or is wrong has no text.
            _ => String::new(),
        },
    }
}
