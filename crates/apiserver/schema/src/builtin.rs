//! The embedded definitions of the built-in kinds (`cargo xtask codegen schema` makes them from a Kubernetes
//! release).
//!
//! The working set has no descriptions and is decoded once, when first asked for. The definitions with
//! descriptions are three times as large and decoded anew for each [`documented`]: only OpenAPI documents
//! need them.

use std::collections::HashMap;
use std::io::Read;
use std::sync::{Arc, LazyLock};

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::{Definitions, SchemaDocument};

static DEFINITIONS: &[u8] = include_bytes!("../data/definitions.json.gz");
static DOCUMENTED: &[u8] = include_bytes!("../data/documented.json.gz");

/// Schema property that names the kinds that a definition describes.
pub(crate) const GROUP_VERSION_KIND: &str = "x-kubernetes-group-version-kind";

struct BuiltIn {
    definitions: Arc<Definitions>,
    /// Schemas by group, version and kind.
    kinds: HashMap<(String, String, String), Arc<SchemaDocument>>,
}

static BUILT_IN: LazyLock<BuiltIn> = LazyLock::new(|| {
    let definitions = Arc::new(decode(DEFINITIONS));
    let kinds = definitions
        .iter()
        .flat_map(|(name, schema)| group_version_kinds(schema).map(move |kind| (kind, name)))
        .map(|(kind, name)| (kind, Arc::new(document_of(name, &definitions))))
        .collect();
    BuiltIn { definitions, kinds }
});

/// The definitions without descriptions, by name (`io.k8s.api.core.v1.Service`). Shared; the first call
/// decodes them.
pub fn definitions() -> Arc<Definitions> {
    Arc::clone(&BUILT_IN.definitions)
}

/// The schema of a built-in kind, its list, or a kind of request body (`DeleteOptions`, `Scale`,
/// `SubjectAccessReview`); `group` is empty for the core group.
pub fn document(group: &str, version: &str, kind: &str) -> Option<Arc<SchemaDocument>> {
    let key = (group.to_owned(), version.to_owned(), kind.to_owned());
    BUILT_IN.kinds.get(&key).map(Arc::clone)
}

/// The definitions with descriptions, freshly decoded: some megabytes that the caller should not keep.
pub(crate) fn documented() -> Definitions {
    decode(DOCUMENTED)
}

/// The embedded file of [`documented`]: it changes when the definitions do.
pub(crate) fn documented_bytes() -> &'static [u8] {
    DOCUMENTED
}

/// Embedded at build time and checked by the tests, so that an unreadable file cannot reach a user; it would
/// count as no definitions.
fn decode(compressed: &[u8]) -> Definitions {
    let mut text = Vec::new();
    let read = GzDecoder::new(compressed).read_to_end(&mut text);
    read.ok()
        .and_then(|_| serde_json::from_slice(&text).ok())
        .unwrap_or_default()
}

fn document_of(name: &str, definitions: &Arc<Definitions>) -> SchemaDocument {
    SchemaDocument {
        definitions: Arc::clone(definitions),
        root: serde_json::json!({"$ref": format!("#/components/schemas/{name}")}),
    }
}

fn group_version_kinds(schema: &Value) -> impl Iterator<Item = (String, String, String)> {
    let text = |one: &Value, key: &str| {
        one.get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    schema
        .get(GROUP_VERSION_KIND)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(move |one| (text(one, "group"), text(one, "version"), text(one, "kind")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::ListType;

    #[test]
    fn every_reference_resolves() {
        fn check(node: &Value, all: &Definitions) {
            match node {
                Value::Object(fields) => {
                    if let Some(name) = fields.get("$ref").and_then(Value::as_str) {
                        let name = name.strip_prefix("#/components/schemas/").unwrap();
                        assert!(all.contains_key(name), "{name}");
                    }
                    fields.values().for_each(|child| check(child, all));
                }
                Value::Array(items) => items.iter().for_each(|child| check(child, all)),
                _ => {}
            }
        }
        for all in [definitions().as_ref(), &documented()] {
            assert!(all.len() > 200, "{} definitions", all.len());
            all.values().for_each(|node| check(node, all));
        }
    }

    #[test]
    fn served_kinds_have_schemas() {
        for (group, version, kind) in [
            ("", "v1", "Service"),
            ("", "v1", "ServiceList"),
            ("", "v1", "DeleteOptions"),
            ("apps", "v1", "StatefulSet"),
            ("autoscaling", "v1", "Scale"),
            ("batch", "v1", "Job"),
            ("discovery.k8s.io", "v1", "EndpointSlice"),
            ("apiextensions.k8s.io", "v1", "CustomResourceDefinition"),
            ("authentication.k8s.io", "v1", "TokenRequest"),
            ("authorization.k8s.io", "v1", "SelfSubjectRulesReview"),
            ("events.k8s.io", "v1", "Event"),
        ] {
            let document = document(group, version, kind).unwrap();
            assert_eq!(
                document.schema().kind(),
                Some("object"),
                "{group}/{version} {kind}"
            );
        }
        assert!(document("apps", "v1", "Service").is_none());
    }

    #[test]
    fn lists_know_how_they_merge() {
        let document = document("", "v1", "Service").unwrap();
        let ports = document
            .schema()
            .property("spec")
            .unwrap()
            .property("ports")
            .unwrap();
        assert_eq!(ports.patch_merge_key(), Some("port"));
        assert!(ports.has_patch_strategy("merge"));
        let ListType::Map(keys) = ports.list_type() else {
            unreachable!("ports is a map")
        };
        assert_eq!(keys, ["port", "protocol"]);
        let port = ports.items().unwrap();
        assert_eq!(port.property("protocol").unwrap().default(), Some(&"TCP".into()));
        assert!(port.property("targetPort").unwrap().is_int_or_string());
        let selector = document
            .schema()
            .property("spec")
            .unwrap()
            .property("selector")
            .unwrap();
        assert!(selector.is_atomic_map());
    }

    #[test]
    fn annotations_beside_a_reference_do_not_hide_it() {
        let document = document("apps", "v1", "Deployment").unwrap();
        let strategy = document
            .schema()
            .property("spec")
            .unwrap()
            .property("strategy")
            .unwrap();
        assert_eq!(strategy.kind(), Some("object"));
        assert!(strategy.property("rollingUpdate").is_some());
    }

    #[test]
    fn structures_that_are_always_shown_have_a_default() {
        let definitions = definitions();
        let default =
            |name: &str, field: &str| definitions.get(name).unwrap()["properties"][field].get("default");
        assert_eq!(
            default("io.k8s.api.core.v1.Container", "resources"),
            Some(&serde_json::json!({}))
        );
        assert_eq!(default("io.k8s.api.core.v1.Container", "securityContext"), None);
    }

    #[test]
    fn free_form_types_accept_anything() {
        let definitions = definitions();
        let at = |name: &str| crate::Schema::new(definitions.get(name).unwrap(), &definitions);
        assert!(at("io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1").preserves_unknown());
        assert!(at("io.k8s.apimachinery.pkg.runtime.RawExtension").preserves_unknown());
        let props = at("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps");
        assert!(!props.preserves_unknown());
        assert_eq!(props.property("description").unwrap().kind(), Some("string"));
        assert_eq!(props.property("$ref").unwrap().kind(), Some("string"));
        assert!(props.property("default").unwrap().preserves_unknown());
        assert!(
            props
                .property("additionalProperties")
                .unwrap()
                .preserves_unknown()
        );
        let nested = props.property("properties").unwrap().values().unwrap();
        assert_eq!(nested.node(), props.node());
        let quantity = at("io.k8s.apimachinery.pkg.api.resource.Quantity");
        assert!(quantity.kind().is_none());
    }
}
