//! CustomResourceDefinitions.

use std::collections::HashSet;

use kinglet_api_schema::FieldError;
use serde_json::Value;

use super::Errors;
use super::names;
use crate::custom::is_established;
use crate::json::Json;
use crate::jsonpath::JsonPath;

const COLUMN_TYPES: &str = "boolean,date,integer,number,string";
const COLUMN_FORMATS: &str = "byte,date,date-time,double,float,int32,int64,password";

/// CustomResourceDefinition.
pub(crate) fn definition(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let spec = object.at("spec");
    if spec.flag("preserveUnknownFields") {
        errors.invalid(
            "spec.preserveUnknownFields",
            true,
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
        );
    }
    group(&mut errors, spec.text("group"));
    errors.one_of("spec.scope", spec.text("scope"), &["Cluster", "Namespaced"], true);
    versions(&mut errors, spec);
    definition_names(&mut errors, spec.at("names"));
    parts(&mut errors, spec, true);
    conversion(&mut errors, spec.at("conversion"));
    approval(&mut errors, object);
    errors.0
}

/// A new CustomResourceDefinition: its name follows from what it declares.
pub(crate) fn new_definition(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let (name, spec) = (object.text("metadata.name"), object.at("spec"));
    if name != format!("{}.{}", spec.text("names.plural"), spec.text("group")) {
        errors.invalid(
            "metadata.name",
            name,
            "must be spec.names.plural+\".\"+spec.group",
        );
    }
    errors.0
}

fn group(errors: &mut Errors, group: &str) {
    let complaints = names::dns_subdomain(group);
    if group.is_empty() {
        errors.required("spec.group", "");
    } else if !complaints.is_empty() {
        errors.invalid("spec.group", group, complaints.join(","));
    } else if !group.contains('.') {
        errors.invalid("spec.group", group, "should be a domain with at least one dot");
    }
}

fn versions(errors: &mut Errors, spec: &Value) {
    let all = spec.list("versions");
    for (index, version) in all.iter().enumerate() {
        if !version.has("schema.openAPIV3Schema") {
            errors.required(format!("spec.versions[{index}].schema.openAPIV3Schema"), "");
        }
    }
    for (index, version) in all.iter().enumerate() {
        joined(
            errors,
            &format!("spec.versions[{index}].name"),
            version.text("name"),
            "",
        );
    }
    parts(errors, spec, false);
    let list = || spec.at("versions").clone();
    let names: HashSet<&str> = all.iter().map(|version| version.text("name")).collect();
    if names.len() != all.len() {
        errors.invalid("spec.versions", list(), "must contain unique version names");
    }
    if all.iter().filter(|version| version.flag("storage")).count() != 1 {
        let why = "must have exactly one version marked as storage version";
        errors.invalid("spec.versions", list(), why);
    }
    // The field of the kind's beta version, to which Kubernetes still converts before it validates.
    if let Some(first) = all.first() {
        joined(errors, "spec.version", first.text("name"), "");
    }
}

/// Checks a part of a version at a path.
type Check = fn(&mut Errors, &str, &Value);

/// Schema, subresources and columns. The API speaks of them as of `spec.validation` and so on, the places of
/// its oldest version, when they are the same in all versions (`common`); else as of parts of a version.
fn parts(errors: &mut Errors, spec: &Value, common: bool) {
    let parts: [(&str, &str, Check); 4] = [
        ("schema.openAPIV3Schema", "validation.openAPIV3Schema", schema),
        ("subresources", "subresources", |errors, path, value| {
            scale(errors, &format!("{path}.scale"), value.at("scale"));
        }),
        ("additionalPrinterColumns", "additionalPrinterColumns", columns),
        ("selectableFields", "selectableFields", selectable),
    ];
    let all = spec.list("versions");
    for (place, common_place, check) in parts {
        let mut values = all.iter().map(|version| version.at(place));
        let first = values.next().unwrap_or(&Value::Null);
        if values.all(|value| value == first) {
            if common && !first.is_null() {
                check(errors, &format!("spec.{common_place}"), first);
            }
        } else if !common {
            for (index, version) in all.iter().enumerate().filter(|(_, version)| version.has(place)) {
                check(
                    errors,
                    &format!("spec.versions[{index}].{place}"),
                    version.at(place),
                );
            }
        }
    }
}

fn schema(errors: &mut Errors, path: &str, schema: &Value) {
    errors
        .0
        .extend(kinglet_api_schema::structural::check(schema, path));
}

fn columns(errors: &mut Errors, path: &str, columns: &Value) {
    for (index, one) in columns.as_array().into_iter().flatten().enumerate() {
        column(errors, &format!("{path}[{index}]"), one);
    }
}

fn selectable(errors: &mut Errors, path: &str, fields: &Value) {
    for (index, one) in fields.as_array().into_iter().flatten().enumerate() {
        simple_path(errors, &format!("{path}[{index}].jsonPath"), one.text("jsonPath"));
    }
}

fn conversion(errors: &mut Errors, conversion: &Value) {
    let strategy = conversion.text("strategy");
    errors.one_of("spec.conversion.strategy", strategy, &["None", "Webhook"], true);
    if strategy == "Webhook" {
        if !conversion.has("webhook.clientConfig") {
            errors.required(
                "spec.conversion.webhookClientConfig",
                "required when strategy is set to Webhook",
            );
        }
        if conversion.list("webhook.conversionReviewVersions").is_empty() {
            errors.required("spec.conversion.conversionReviewVersions", "");
        }
    }
}

/// Groups of the Kubernetes community are open only to what it has approved.
fn approval(errors: &mut Errors, object: &Value) {
    const ANNOTATION: &str = "api-approved.kubernetes.io";
    let group = object.text("spec.group");
    let protected = ["k8s.io", "kubernetes.io"].into_iter().any(|domain| {
        group
            .strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    if protected && object.annotation(ANNOTATION).is_none_or(str::is_empty) {
        errors.required(
            format!("metadata.annotations[{ANNOTATION}]"),
            "protected groups must have approval annotation \"api-approved.kubernetes.io\", see \
             https://github.com/kubernetes/enhancements/pull/1111",
        );
    }
}

/// A name in RFC 1035 form, all complaints in one. With a lead, letters may be of either case.
fn joined(errors: &mut Errors, path: &str, name: &str, lead: &str) {
    let complaints = if lead.is_empty() {
        names::rfc1035_label(name)
    } else {
        names::rfc1035_label(&name.to_lowercase())
    };
    if !complaints.is_empty() {
        errors.invalid(path, name, format!("{lead}{}", complaints.join(",")));
    }
}

fn definition_names(errors: &mut Errors, all: &Value) {
    const MIXED: &str = "may have mixed case, but should otherwise match: ";
    for field in ["plural", "singular", "kind", "listKind"] {
        if all.text(field).is_empty() {
            errors.required(format!("spec.names.{field}"), "");
        }
    }
    for (field, lead) in [
        ("plural", ""),
        ("singular", ""),
        ("kind", MIXED),
        ("listKind", MIXED),
    ] {
        if !all.text(field).is_empty() {
            joined(errors, &format!("spec.names.{field}"), all.text(field), lead);
        }
    }
    let list = |errors: &mut Errors, field: &str| {
        for (index, name) in all.texts(field).into_iter().enumerate() {
            joined(errors, &format!("spec.names.{field}[{index}]"), name, "");
        }
    };
    list(errors, "shortNames");
    let kind = all.text("kind");
    if !kind.is_empty() && kind == all.text("listKind") {
        errors.invalid(
            "spec.names.listKind",
            kind,
            "kind and listKind may not be the same",
        );
    }
    list(errors, "categories");
}

fn column(errors: &mut Errors, path: &str, column: &Value) {
    if column.text("name").is_empty() {
        errors.required(format!("{path}.name"), "");
    }
    let (kind, format) = (column.text("type"), column.text("format"));
    if kind.is_empty() {
        errors.required(format!("{path}.type"), &format!("must be one of {COLUMN_TYPES}"));
    } else if !COLUMN_TYPES.split(',').any(|one| one == kind) {
        errors.invalid(
            format!("{path}.type"),
            kind,
            format!("must be one of {COLUMN_TYPES}"),
        );
    }
    if !format.is_empty() && !COLUMN_FORMATS.split(',').any(|one| one == format) {
        errors.invalid(
            format!("{path}.format"),
            format,
            format!("must be one of {COLUMN_FORMATS}"),
        );
    }
    simple_path(errors, &format!("{path}.JSONPath"), column.text("jsonPath"));
}

/// A JSONPath that this server can follow; returns whether it is one.
fn simple_path(errors: &mut Errors, path: &str, text: &str) -> bool {
    if text.is_empty() {
        errors.required(path, "");
    } else if !text.starts_with('.') {
        errors.invalid(path, text, "must be a simple json path starting with .");
    } else if JsonPath::parse(text).is_none() {
        errors.invalid(path, text, "must be a json path in the dot notation");
    } else {
        return true;
    }
    false
}

fn scale(errors: &mut Errors, path: &str, scale: &Value) {
    if scale.is_null() {
        return;
    }
    for (field, roots, why) in [
        (
            "specReplicasPath",
            &[".spec."][..],
            "should be a json path under .spec",
        ),
        (
            "statusReplicasPath",
            &[".status."],
            "should be a json path under .status",
        ),
        (
            "labelSelectorPath",
            &[".spec.", ".status."],
            "should be a json path under either .spec or .status",
        ),
    ] {
        let (path, text) = (format!("{path}.{field}"), scale.text(field));
        let optional = field == "labelSelectorPath" && text.is_empty();
        let under = roots.iter().any(|root| text.starts_with(root));
        if !optional && simple_path(errors, &path, text) && !under {
            errors.invalid(path, text, why);
        }
    }
}

/// A change of a CustomResourceDefinition: what stored objects depend on stays.
pub(crate) fn definition_update(new: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    if is_established(old) {
        errors.immutable("spec.scope", new, old);
        errors.immutable("spec.names.kind", new, old);
    }
    errors.immutable("spec.group", new, old);
    errors.immutable("spec.names.plural", new, old);
    for (index, stored) in old.texts("status.storedVersions").into_iter().enumerate() {
        let kept = new
            .list("spec.versions")
            .iter()
            .any(|version| version.text("name") == stored);
        if !kept {
            let why = format!(
                "missing from spec.versions; {stored} was previously a storage version, and must remain in spec.versions \
                 until a storage migration ensures no data remains persisted in {stored} and removes {stored} from \
                 status.storedVersions"
            );
            errors.invalid(format!("status.storedVersions[{index}]"), stored, why);
        }
    }
    errors.0
}
