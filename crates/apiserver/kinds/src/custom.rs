//! Kinds that CustomResourceDefinitions declare.

use std::sync::Arc;

use jiff::Timestamp;
use kinglet_api_schema::{FieldError, SchemaDocument};
use serde_json::{Map, Value, json};

use crate::builtin::VERBS;
use crate::json::Json;
use crate::jsonpath::JsonPath;
use crate::validation::custom::definition;
use crate::{Behaviour, Columns, NameRule, Resource, ScalePaths, SelectableField};

/// The definition of `metadata`, which custom resources share with built-in kinds.
const METADATA: &str = "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

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
        schema: Some(Arc::new(schema(version.at("schema.openAPIV3Schema")))),
        columns: if columns.is_empty() {
            Columns::NameAndAge
        } else {
            Columns::Custom(columns.into())
        },
        behaviour: Behaviour {
            generation: true,
            ..Behaviour::NONE
        },
    }
}

/// The schema of a version, with what every object has.
fn schema(declared: &Value) -> SchemaDocument {
    let mut root = declared.clone();
    if let Some(properties) = root
        .as_object_mut()
        .map(|root| root.entry("properties").or_insert_with(|| json!({})))
        .and_then(Value::as_object_mut)
    {
        for name in ["apiVersion", "kind"] {
            properties.insert(name.to_owned(), json!({"type": "string"}));
        }
        properties.insert("metadata".to_owned(), json!({"$ref": METADATA}));
    }
    SchemaDocument {
        definitions: kinglet_api_schema::builtin::definitions(),
        root,
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

/// The status of a definition whose names nobody else has: accepted and established since `now`, or since when it was before.
/// Versions that were stored stay listed.
pub fn established_status(crd: &Value, now: Timestamp) -> Value {
    let conditions: Vec<Value> = [
        ("NamesAccepted", "NoConflicts", "no conflicts found"),
        (
            "Established",
            "InitialNamesAccepted",
            "the initial names have been accepted",
        ),
    ]
    .into_iter()
    .map(|(kind, reason, message)| {
        let before = crd
            .list("status.conditions")
            .iter()
            .find(|one| one.text("type") == kind && one.text("status") == "True");
        let since = before.map_or_else(
            || format!("{now:.0}"),
            |condition| condition.text("lastTransitionTime").to_owned(),
        );
        json!({
            "type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": since,
        })
    })
    .collect();
    let mut stored = crd.texts("status.storedVersions");
    for version in crd
        .list("spec.versions")
        .iter()
        .filter(|version| version.flag("storage"))
    {
        if !stored.contains(&version.text("name")) {
            stored.push(version.text("name"));
        }
    }
    let names: Map<String, Value> = crd
        .entries("spec.names")
        .map(|(key, value)| (key.to_owned(), value.clone()))
        .collect();
    json!({"conditions": conditions, "acceptedNames": names, "storedVersions": stored})
}
