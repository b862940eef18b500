//! Roles and bindings: they are stored and shown; who may do what is decided elsewhere.

use kinglet_api_schema::FieldError;
use serde_json::Value;

use super::Errors;
use super::names;
use crate::json::Json;

const GROUP: &str = "rbac.authorization.k8s.io";

/// Role.
pub(crate) fn role(object: &Value) -> Vec<FieldError> {
    rules(object, true)
}

/// ClusterRole.
pub(crate) fn cluster_role(object: &Value) -> Vec<FieldError> {
    rules(object, false)
}

fn rules(object: &Value, namespaced: bool) -> Vec<FieldError> {
    let mut errors = Errors::default();
    for (index, rule) in object.list("rules").iter().enumerate() {
        let path = format!("rules[{index}]");
        let both = !rule.list("apiGroups").is_empty() || !rule.list("resources").is_empty();
        let urls = !rule.list("nonResourceURLs").is_empty();
        if urls && (namespaced || both) {
            let why = if namespaced {
                "namespaced rules cannot apply to non-resource URLs"
            } else {
                "rules cannot apply to both regular resources and non-resource URLs"
            };
            errors.invalid(
                format!("{path}.nonResourceURLs"),
                rule.at("nonResourceURLs").clone(),
                why,
            );
        }
        for (field, what) in [("apiGroups", "api group"), ("resources", "resource")] {
            if !urls && rule.list(field).is_empty() {
                let why = format!("resource rules must supply at least one {what}");
                errors.required(format!("{path}.{field}"), &why);
            }
        }
    }
    for (index, rule) in object.list("rules").iter().enumerate() {
        if rule.list("verbs").is_empty() {
            errors.required(format!("rules[{index}].verbs"), "");
        }
    }
    errors.0
}

/// RoleBinding.
pub(crate) fn role_binding(object: &Value) -> Vec<FieldError> {
    binding(object, &["ClusterRole", "Role"])
}

/// ClusterRoleBinding.
pub(crate) fn cluster_role_binding(object: &Value) -> Vec<FieldError> {
    binding(object, &["ClusterRole"])
}

fn binding(object: &Value, kinds: &[&str]) -> Vec<FieldError> {
    let mut errors = Errors::default();
    errors.one_of(
        "roleRef.apiGroup",
        object.text("roleRef.apiGroup"),
        &[GROUP],
        false,
    );
    match object.text("roleRef.kind") {
        kind if kinds.contains(&kind) => {}
        kind => errors
            .0
            .push(FieldError::not_supported("roleRef.kind", kind, kinds)),
    }
    errors.required_name("roleRef.name", object.text("roleRef.name"), names::path_segment);
    for (index, subject) in object.list("subjects").iter().enumerate() {
        let path = format!("subjects[{index}]");
        let (name, group) = (subject.text("name"), subject.text("apiGroup"));
        if name.is_empty() {
            errors.required(format!("{path}.name"), "");
        }
        match subject.text("kind") {
            "ServiceAccount" => {
                if !name.is_empty() {
                    errors.follows(&format!("{path}.name"), name, names::dns_subdomain);
                }
                errors.one_of(&format!("{path}.apiGroup"), group, &[""], false);
                if kinds.len() == 1 && subject.text("namespace").is_empty() {
                    errors.required(format!("{path}.namespace"), "");
                }
            }
            "User" | "Group" => errors.one_of(&format!("{path}.apiGroup"), group, &[GROUP], false),
            kind => errors.0.push(FieldError::not_supported(
                format!("{path}.kind"),
                kind,
                &["ServiceAccount", "User", "Group"],
            )),
        }
    }
    errors.0
}

/// A change of a binding.
pub(crate) fn binding_update(new: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    if new.at("roleRef") != old.at("roleRef") {
        errors.invalid("roleRef", new.at("roleRef").clone(), "cannot change roleRef");
    }
    errors.0
}
