//! Interim.
use kinglet_api_schema::Schema;
use serde_json::Value;
use crate::error::ApiError;
pub(crate) mod strict {
    use super::*;
    pub(crate) fn unknown_fields(_: Schema<'_>, _: &Value) -> Vec<String> { Vec::new() }
}
pub(crate) mod structural {
    use super::*;
    pub(crate) fn prune(_: Schema<'_>, _: &mut Value) {}
    pub(crate) fn apply_defaults(_: Schema<'_>, _: &mut Value) {}
    pub(crate) fn validate(_: Schema<'_>, _: &Value) -> Vec<kinglet_api_schema::FieldError> { Vec::new() }
}
pub(crate) mod protobuf {
    use super::*;
    pub(crate) fn decode(_: &[u8]) -> Result<Value, String> { Err("not yet".into()) }
}
pub(crate) mod patches {
    use super::*;
    pub(crate) fn json(old: &Value, patch: &Value) -> Result<Value, ApiError> {
        let patch: json_patch::Patch = serde_json::from_value(patch.clone()).map_err(|e| ApiError::bad_request(e.to_string()))?;
        let mut new = old.clone();
        json_patch::patch(&mut new, &patch).map_err(|e| ApiError::new(422, "Invalid", e.to_string()))?;
        Ok(new)
    }
    pub(crate) fn merge(old: &Value, patch: &Value) -> Result<Value, ApiError> {
        let mut new = old.clone();
        json_patch::merge(&mut new, patch);
        Ok(new)
    }
    pub(crate) fn strategic(old: &Value, patch: &Value, _: Schema<'_>) -> Result<Value, ApiError> { merge(old, patch) }
}
pub(crate) mod apply {
    use super::*;
    pub(crate) struct Applied { pub(crate) object: Value, pub(crate) managed_fields: Value }
    pub(crate) fn apply(_: &crate::verbs::Call, live: Option<&Value>, wanted: &Value) -> Result<Applied, ApiError> {
        let object = match live { Some(live) => patches::merge(live, wanted)?, None => wanted.clone() };
        Ok(Applied { managed_fields: object.pointer("/metadata/managedFields").cloned().unwrap_or(Value::Array(vec![])), object })
    }
}
pub(crate) mod table {
    use super::*;
    pub(crate) fn row(r: &kinglet_api_kinds::Resource, o: &Value, _: jiff::Timestamp) -> Vec<Value> { let _ = r; vec![o["metadata"]["name"].clone(), o["metadata"]["creationTimestamp"].clone()] }
    pub(crate) fn definitions(_: &kinglet_api_kinds::Resource) -> Vec<Value> { vec![serde_json::json!({"name":"Name","type":"string","format":"name","description":"","priority":0}), serde_json::json!({"name":"Created At","type":"date","format":"","description":"","priority":0})] }
}
pub(crate) fn custom_resources(_: &Value) -> Result<Vec<kinglet_api_kinds::Resource>, Vec<kinglet_api_schema::FieldError>> { Ok(Vec::new()) }
pub(crate) fn selector(text: &str) -> Result<kinglet_model::Selector, ApiError> {
    let mut s = kinglet_model::Selector::default();
    for t in text.split(',') {
        let (k, v) = t.split_once('=').ok_or_else(|| ApiError::bad_request("selector"))?;
        s.requirements.push(kinglet_model::Requirement::In(k.into(), vec![v.trim_start_matches('=').into()]));
    }
    Ok(s)
}
