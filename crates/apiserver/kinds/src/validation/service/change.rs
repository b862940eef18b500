//! Changes of a Service.

use kinglet_api_schema::FieldError;
use serde_json::{Value, json};

use super::{is_headless, needs_health_check};
use crate::json::Json;
use crate::validation::Errors;
use crate::validation::common::same;

/// Rules for a change.
pub(crate) fn validate_update(new: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    if new.text("spec.type") != "ExternalName" && old.text("spec.type") != "ExternalName" {
        let headless = (is_headless(new), is_headless(old));
        if headless != (true, true) {
            change_of(&mut errors, new, old, "clusterIPs", "clusterIP");
        }
        if headless == (false, false) {
            change_of(&mut errors, new, old, "ipFamilies", "ipFamily");
        }
    }
    let balanced = |service: &Value| service.text("spec.type") == "LoadBalancer";
    if balanced(new)
        && balanced(old)
        && !same(new.at("spec.loadBalancerClass"), old.at("spec.loadBalancerClass"))
    {
        errors.invalid(
            "spec.loadBalancerClass",
            new.at("spec.loadBalancerClass").clone(),
            "may not change once set",
        );
    }
    if needs_health_check(new)
        && needs_health_check(old)
        && new.int("spec.healthCheckNodePort") != old.int("spec.healthCheckNodePort")
    {
        errors.forbidden("spec.healthCheckNodePort", "field is immutable");
    }
    errors.0
}

/// What is assigned stays: the first value may not change, a second may come, and go with the policy
/// `SingleStack`.
fn change_of(errors: &mut Errors, new: &Value, old: &Value, field: &str, one: &str) {
    let path = format!("spec.{field}");
    let (now, before) = (new.texts(&path), old.texts(&path));
    let first = format!("{path}[0]");
    if now.len() == before.len() {
        for (index, _) in now
            .iter()
            .zip(&before)
            .enumerate()
            .filter(|(_, (now, before))| now != before)
        {
            let index = if field == "ipFamilies" { 0 } else { index };
            errors.invalid(
                format!("{path}[{index}]"),
                new.at(&path).clone(),
                "may not change once set",
            );
        }
        return;
    }
    if now.is_empty() {
        errors.invalid(first, json!([]), format!("primary {one} can not be unset"));
        return;
    }
    if before.first().is_some_and(|before| Some(before) != now.first()) {
        errors.invalid(
            first,
            new.at("spec.clusterIPs").clone(),
            "may not change once set",
        );
    }
    let single = new.text("spec.ipFamilyPolicy") == "SingleStack";
    if now.len() < before.len() && now.len() == 1 && !single {
        errors.invalid(
            "spec.ipFamilyPolicy",
            new.at("spec.ipFamilyPolicy").clone(),
            format!("must be set to 'SingleStack' when releasing the secondary {one}"),
        );
    }
}
