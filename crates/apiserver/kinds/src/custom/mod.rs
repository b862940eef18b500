//! Kinds that CustomResourceDefinitions declare.

mod status;

use std::sync::Arc;

use kinglet_api_schema::FieldError;
use kinglet_api_schema::structural::{Rules, document};
use serde_json::Value;

pub use self::status::established_status;
pub(crate) use self::status::is_established;
use crate::json::Json;
use crate::jsonpath::JsonPath;
use crate::resource::VERBS;
use crate::validation::custom::definition;
use crate::{Behaviour, Columns, NameRule, Resource, ScalePaths, SelectableField};

/// One kind for each served version of a definition.
///
/// # Errors
/// What is wrong with the definition; one that the server has accepted gives none.
pub fn resources(crd: &Value) -> Result<Vec<Resource>, Vec<FieldError>> {
    let errors = definition(crd);
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(crd
        .list("spec.versions")
        .iter()
        .filter(|version| version.flag("served"))
        .map(|version| resource(crd.at("spec"), version))
        .collect())
}

fn resource(spec: &Value, version: &Value) -> Resource {
    let names = spec.at("names");
    let columns = version.list("additionalPrinterColumns");
    let schema = Arc::new(document(version.at("schema.openAPIV3Schema")));
    let shared = |path: &str| names.texts(path).into_iter().map(Arc::from).collect();
    Resource {
        group: spec.text("group").into(),
        version: version.text("name").into(),
        kind: names.text("kind").into(),
        plural: names.text("plural").into(),
        singular: names.text("singular").into(),
        list_kind: names.text("listKind").into(),
        short_names: shared("shortNames"),
        categories: shared("categories"),
        namespaced: spec.text("scope") == "Namespaced",
        has_status: version.has("subresources.status"),
        scale: scale(version.at("subresources.scale")),
        verbs: VERBS,
        name_rule: NameRule::DnsSubdomain,
        fields: selectable(version),
        storage: None,
        rules: Rules::of(&schema).map(Arc::new),
        schema: Some(schema),
        columns: if columns.is_empty() {
            Columns::NameAndAge
        } else {
            Columns::Custom(columns.into())
        },
        behaviour: Behaviour {
            generation: true,
            ..Behaviour::NONE
        },
        deprecated: version
            .flag("deprecated")
            .then(|| deprecation(spec, version).into()),
        inert: None,
    }
}

/// What users of a deprecated version are told.
fn deprecation(spec: &Value, version: &Value) -> String {
    match version.text("deprecationWarning") {
        "" => format!(
            "{}/{} {} is deprecated",
            spec.text("group"),
            version.text("name"),
            spec.text("names.kind")
        ),
        text => text.to_owned(),
    }
}

fn scale(paths: &Value) -> Option<ScalePaths> {
    let dotted = |field: &str| JsonPath::parse(paths.text(field))?.dotted().map(Arc::from);
    Some(ScalePaths {
        spec_replicas: dotted("specReplicasPath")?,
        status_replicas: dotted("statusReplicasPath")?,
        label_selector: dotted("labelSelectorPath"),
    })
}

fn selectable(version: &Value) -> Vec<SelectableField> {
    version
        .list("selectableFields")
        .iter()
        .filter_map(|field| JsonPath::parse(field.text("jsonPath"))?.dotted())
        .map(|path| SelectableField {
            label: path.as_str().into(),
            path: path.as_str().into(),
            missing: "",
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;

    fn definition() -> Value {
        json!({
            "metadata": {"name": "widgets.example.com"},
            "spec": {
                "group": "example.com", "scope": "Namespaced", "conversion": {"strategy": "None"},
                "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList", "shortNames": ["wd"]},
                "versions": [
                    {
                        "name": "v1", "served": true, "storage": true,
                        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object"}}}},
                        "subresources": {"status": {}, "scale": {
                            "specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas",
                        }},
                        "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}],
                        "selectableFields": [{"jsonPath": ".spec.color"}],
                    },
                    {"name": "v1beta1", "served": true, "storage": false, "schema": {"openAPIV3Schema": {"type": "object"}}},
                    {"name": "v1alpha1", "served": false, "storage": false, "schema": {"openAPIV3Schema": {"type": "object"}}},
                ],
            },
        })
    }

    #[test]
    fn every_served_version_is_a_kind() {
        let kinds = resources(&definition()).unwrap();
        let [v1, beta] = kinds.as_slice() else {
            panic!("two versions are served");
        };
        assert_eq!(
            (v1.api_version().as_str(), &*v1.kind),
            ("example.com/v1", "Widget")
        );
        assert!(v1.namespaced && v1.has_status && v1.is_custom());
        assert_eq!(&*v1.scale.as_ref().unwrap().spec_replicas, "spec.replicas");
        assert_eq!(
            v1.field("spec.color", &json!({"spec": {"color": "red"}}))
                .as_deref(),
            Some("red")
        );
        assert_eq!(v1.field("spec.size", &json!({})), None);
        assert!(matches!(&v1.columns, Columns::Custom(columns) if columns.len() == 1));
        assert!(!beta.has_status && beta.scale.is_none());
        assert!(matches!(beta.columns, Columns::NameAndAge));
        let schema = v1.schema.as_ref().unwrap();
        assert!(
            schema
                .schema()
                .property("metadata")
                .and_then(|metadata| metadata.property("labels"))
                .is_some()
        );
    }

    #[test]
    fn a_faulty_definition_declares_nothing() {
        let mut crd = definition();
        crd["spec"]["versions"][1]["storage"] = true.into();
        let errors = resources(&crd).unwrap_err();
        assert_eq!(errors.len(), 1);
        assert_eq!(
            errors[0].detail,
            "must have exactly one version marked as storage version"
        );
    }

    #[test]
    fn conditions_keep_their_time() {
        let mut crd = definition();
        let first: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        crd["status"] = established_status(&crd, first);
        assert_eq!(crd["status"]["storedVersions"], json!(["v1"]));
        assert_eq!(crd["status"]["acceptedNames"]["kind"], "Widget");
        assert_eq!(
            crd["status"]["conditions"][1],
            json!({
                "type": "Established", "status": "True", "reason": "InitialNamesAccepted",
                "message": "the initial names have been accepted", "lastTransitionTime": "2026-01-01T00:00:00Z",
            })
        );
        let later: Timestamp = "2026-02-01T00:00:00Z".parse().unwrap();
        assert_eq!(established_status(&crd, later), crd["status"]);
    }
}
