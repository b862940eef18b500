//! The rules of the API: which objects it accepts, and what it says of the others.
//!
//! One file per area. Rules collect every fault into [`Errors`]; the paths and words are those of the
//! Kubernetes API, because users search for them.

mod common;
pub(crate) mod config;
pub(crate) mod custom;
pub(crate) mod endpoints;
pub(crate) mod ingress;
mod metadata;
pub(crate) mod names;
pub(crate) mod pod;
pub(crate) mod policy;
pub(crate) mod rbac;
mod schema;
pub(crate) mod service;
pub(crate) mod storage;
pub(crate) mod workload;

#[cfg(test)]
mod tests;

use kinglet_api_schema::FieldError;
use serde_json::Value;

pub(crate) use common::Errors;

use crate::Resource;

impl Resource {
    /// Everything that is wrong with a new object, `metadata` included. The object is complete: named,
    /// defaulted, allocated.
    pub fn validate_create(&self, object: &Value) -> Vec<FieldError> {
        let mut errors = metadata::on_create(self, object);
        errors.extend((self.behaviour.validate_new)(object));
        errors.extend((self.behaviour.validate)(object));
        errors.extend(self.missing(object));
        errors
    }

    /// Everything that is wrong with a changed object, `metadata` included.
    pub fn validate_change(&self, new: &Value, old: &Value) -> Vec<FieldError> {
        let mut errors = metadata::on_update(self, new, old);
        errors.extend((self.behaviour.validate_update)(new, old));
        errors.extend((self.behaviour.validate)(new));
        errors.extend(self.missing(new));
        errors
    }

    /// Everything that is wrong with a changed status.
    pub fn validate_status_change(&self, new: &Value, old: &Value) -> Vec<FieldError> {
        let mut errors = metadata::on_update(self, new, old);
        errors.extend((self.behaviour.validate_status)(new));
        errors
    }

    /// What the schema wants to be there, for kinds of which only the schema says it.
    fn missing(&self, object: &Value) -> Vec<FieldError> {
        let document = self.schema.as_ref().filter(|_| self.behaviour.by_schema);
        document.map_or_else(Vec::new, |document| schema::missing(document.schema(), object))
    }
}
