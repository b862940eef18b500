//! What tells an API server what to admit, to forward and to share out.

use serde_json::{Value, json};

use crate::json::{Json, JsonMut};

/// ValidatingWebhookConfiguration.
pub(crate) fn validating_webhooks(object: &mut Value) {
    object.each("webhooks", webhook);
}

/// MutatingWebhookConfiguration.
pub(crate) fn mutating_webhooks(object: &mut Value) {
    object.each("webhooks", |one| {
        webhook(one);
        one.fill("reinvocationPolicy", "Never");
    });
}

fn webhook(webhook: &mut Value) {
    webhook.fill("failurePolicy", "Fail");
    webhook.fill("timeoutSeconds", 10);
    selectors(webhook);
    webhook.each("rules", |rule| rule.fill("scope", "*"));
    if webhook.has("clientConfig.service") {
        webhook.fill("clientConfig.service.port", 443);
    }
}

fn selectors(object: &mut Value) {
    object.fill("matchPolicy", "Equivalent");
    object.fill("namespaceSelector", json!({}));
    object.fill("objectSelector", json!({}));
}

/// ValidatingAdmissionPolicy and MutatingAdmissionPolicy.
pub(crate) fn admission_policy(object: &mut Value) {
    object.fill("spec.failurePolicy", "Fail");
    if let Some(resources) = object.at_mut("spec.matchConstraints") {
        match_resources(resources);
    }
}

/// ValidatingAdmissionPolicyBinding and MutatingAdmissionPolicyBinding.
pub(crate) fn admission_policy_binding(object: &mut Value) {
    if let Some(resources) = object.at_mut("spec.matchResources") {
        match_resources(resources);
    }
}

fn match_resources(resources: &mut Value) {
    selectors(resources);
    for list in ["resourceRules", "excludeResourceRules"] {
        resources.each(list, |rule| rule.fill("scope", "*"));
    }
}

/// APIService.
pub(crate) fn api_service(object: &mut Value) {
    if object.has("spec.service") {
        object.fill("spec.service.port", 443);
    }
}

/// FlowSchema.
pub(crate) fn flow_schema(object: &mut Value) {
    if object.int("spec.matchingPrecedence") == 0 {
        object.put("spec.matchingPrecedence", 1000);
    }
}

/// PriorityLevelConfiguration.
pub(crate) fn priority_level(object: &mut Value) {
    if object.has("spec.exempt") {
        object.fill("spec.exempt.nominalConcurrencyShares", 0);
        object.fill("spec.exempt.lendablePercent", 0);
    }
    if object.has("spec.limited") {
        object.fill("spec.limited.nominalConcurrencyShares", 30);
        object.fill("spec.limited.lendablePercent", 0);
    }
    let queuing = "spec.limited.limitResponse.queuing";
    if object.has(queuing) {
        for (field, number) in [("handSize", 8), ("queues", 64), ("queueLengthLimit", 50)] {
            object.fill(&format!("{queuing}.{field}"), number);
        }
    }
}
