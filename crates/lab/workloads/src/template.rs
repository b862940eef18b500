//! Pod templates: their hash, their equality, and the Pods made from them.

use serde_json::{Map, Value, json};

/// Label of the ReplicaSets and Pods of a Deployment: the hash of their template.
pub(super) const LABEL_TEMPLATE_HASH: &str = "pod-template-hash";
/// Label of the Pods of a DaemonSet: the hash of their template.
pub(super) const LABEL_REVISION_HASH: &str = "controller-revision-hash";

/// Letters and digits that form no words, as the API server generates them.
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// The hash of a template, as part of names and labels. It never changes: it depends on nothing but the
/// template and how many other templates had the same (`status.collisionCount`).
pub(super) fn hash(template: &Value, collisions: i32) -> String {
    // Keys of JSON objects are encoded in alphabetical order.
    let mut number = fnv(template.to_string().as_bytes(), 0xcbf2_9ce4_8422_2325);
    if collisions != 0 {
        number = fnv(&collisions.to_le_bytes(), number);
    }
    // Both halves count.
    let mut number = (number ^ (number >> 32)) & 0xffff_ffff;
    let length = ALPHABET.len() as u64;
    let mut digits = String::new();
    while digits.len() < 7 {
        let at = usize::try_from(number % length).unwrap_or_default();
        digits.push(ALPHABET.get(at).copied().map_or('b', char::from));
        number /= length;
    }
    digits
}

/// FNV-1a.
fn fnv(bytes: &[u8], start: u64) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(start, step)
}

/// Whether two templates are the same but for the hash label.
pub(super) fn is_same(one: &Value, other: &Value) -> bool {
    without_hash(one) == without_hash(other)
}

fn without_hash(template: &Value) -> Value {
    let mut template = template.clone();
    let metadata = template.get_mut("metadata").and_then(Value::as_object_mut);
    if let Some(metadata) = metadata {
        // Go's API types write `creationTimestamp: null` into templates.
        metadata.retain(|_, value| !value.is_null());
        let labels = metadata.get_mut("labels").and_then(Value::as_object_mut);
        labels.and_then(|labels| labels.remove(LABEL_TEMPLATE_HASH));
    }
    template
}

/// A template with one more label.
pub(super) fn labelled(template: &Value, key: &str, value: &str) -> Value {
    let mut template = template.clone();
    let labels = &mut template["metadata"]["labels"];
    if !labels.is_object() {
        *labels = json!({});
    }
    labels[key] = value.into();
    template
}

/// The labels of a template.
pub(super) fn labels(template: &Value) -> Option<&Map<String, Value>> {
    template.pointer("/metadata/labels")?.as_object()
}

/// A new Pod from a template; the API server completes its name.
pub(super) fn pod(template: &Value, prefix: &str, owner: Value) -> Value {
    let mut metadata = json!({"generateName": format!("{prefix}-"), "ownerReferences": [owner]});
    for field in ["labels", "annotations", "finalizers"] {
        if let Some(value) = template.pointer("/metadata").and_then(|meta| meta.get(field)) {
            metadata[field] = value.clone();
        }
    }
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_hash_of_a_template_is_for_ever() {
        let template =
            json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"image": "a:1"}]}});
        assert_eq!(hash(&template, 0), "l5mn7cj");
        assert_ne!(hash(&template, 1), hash(&template, 0));
    }

    #[test]
    fn only_the_hash_label_does_not_count() {
        let plain = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"a": 1}});
        let hashed = labelled(&plain, LABEL_TEMPLATE_HASH, "x");
        assert!(is_same(&plain, &hashed));
        assert!(!is_same(&plain, &labelled(&plain, "tier", "front")));
        assert!(!is_same(
            &plain,
            &json!({"metadata": plain["metadata"], "spec": {"a": 2}})
        ));
        let null =
            json!({"metadata": {"labels": {"app": "web"}, "creationTimestamp": null}, "spec": {"a": 1}});
        assert!(is_same(&plain, &null));
    }

    proptest! {
        #[test]
        fn hashes_are_stable_and_fit_a_label(image in "[a-z]{1,8}", more in "[a-z]{1,8}", collisions in 0..3) {
            let template = |fields: [(&str, &str); 2]| {
                let fields = fields.into_iter().map(|(key, value)| (key.to_owned(), value.into()));
                Value::Object(fields.collect())
            };
            let one = hash(&template([("image", &image), ("name", &more)]), collisions);
            prop_assert_eq!(&one, &hash(&template([("name", &more), ("image", &image)]), collisions));
            prop_assert!(one.len() == 7 && one.bytes().all(|byte| ALPHABET.contains(&byte)));
            let other = format!("{image}x");
            prop_assert_ne!(one, hash(&template([("image", &other), ("name", &more)]), collisions));
        }
    }
}
