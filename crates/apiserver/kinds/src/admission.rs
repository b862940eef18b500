//! What the server decides about a new object from other objects (Kubernetes' admission plugins).

use std::cmp::Reverse;

use serde_json::Value;

use crate::json::{Json, JsonMut};

const IS_DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";

/// A new Ingress that names no class, in neither of the two ways, gets the default IngressClass: of several,
/// the newest, and of those the first by name.
pub fn default_ingress_class<'a>(ingress: &mut Value, classes: impl IntoIterator<Item = &'a Value>) {
    let named =
        ingress.has("spec.ingressClassName") || ingress.annotation("kubernetes.io/ingress.class").is_some();
    let newest_first = |class: &&Value| {
        let name = class.text("metadata.name").to_owned();
        (Reverse(class.text("metadata.creationTimestamp").to_owned()), name)
    };
    let default = classes
        .into_iter()
        .filter(|class| class.annotation(IS_DEFAULT) == Some("true"))
        .min_by_key(newest_first);
    if let Some(class) = default.filter(|_| !named) {
        ingress.put("spec.ingressClassName", class.text("metadata.name"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_nameless_ingress_gets_the_newest_default() {
        let class = |name: &str, default: &str, created: &str| json!({"metadata": {"name": name, "creationTimestamp": created, "annotations": {IS_DEFAULT: default}}});
        let classes = [
            class("old", "true", "2026-01-01T00:00:00Z"),
            class("b", "true", "2026-02-01T00:00:00Z"),
            class("a", "true", "2026-02-01T00:00:00Z"),
            class("other", "false", "2026-03-01T00:00:00Z"),
        ];
        for (ingress, expected) in [
            (json!({"spec": {}}), json!("a")),
            (json!({"spec": {"ingressClassName": "mine"}}), json!("mine")),
            (
                json!({"metadata": {"annotations": {"kubernetes.io/ingress.class": "mine"}}, "spec": {}}),
                Value::Null,
            ),
        ] {
            let mut ingress = ingress;
            default_ingress_class(&mut ingress, &classes);
            assert_eq!(ingress["spec"]["ingressClassName"], expected);
        }
        let mut ingress = json!({"spec": {}});
        default_ingress_class(&mut ingress, &classes[3..]);
        assert_eq!(ingress, json!({"spec": {}}));
    }
}
