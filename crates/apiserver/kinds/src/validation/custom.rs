//! CustomResourceDefinitions.

use std::collections::HashSet;

use kinglet_api_schema::FieldError;
use serde_json::Value;

use super::Errors;
use super::names;
use crate::json::Json;
use crate::jsonpath::JsonPath;

const COLUMN_TYPES: &str = "boolean,date,integer,number,string";
const COLUMN_FORMATS: &str = "byte,date,date-time,double,float,int32,int64,password";

/// CustomResourceDefinition.
pub(crate) fn definition(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let expected = format!(
        "{}.{}",
        object.text("spec.names.plural"),
        object.text("spec.group")
    );
    let name = object.text("metadata.name");
    if name != expected {
        let why = "must be spec.names.plural+\".\"+spec.group";
        errors.invalid("metadata.name", name, why);
    }
    group(&mut errors, object.text("spec.group"));
    errors.one_of(
        "spec.scope",
        object.text("spec.scope"),
        &["Cluster", "Namespaced"],
        true,
    );
    versions(&mut errors, object);
    definition_names(&mut errors, object.at("spec.names"));
    errors.one_of(
        "spec.conversion.strategy",
        object.text("spec.conversion.strategy"),
        &["None", "Webhook"],
        true,
    );
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

fn versions(errors: &mut Errors, object: &Value) {
    let all = object.list("spec.versions");
    let mut seen = HashSet::new();
    for (index, version) in all.iter().enumerate() {
        let path = format!("spec.versions[{index}]");
        let schema = format!("{path}.schema.openAPIV3Schema");
        match version.at("schema.openAPIV3Schema") {
            Value::Null => errors.required(schema, ""),
            node => root_schema(errors, &schema, node),
        }
    }
    for (index, version) in all.iter().enumerate() {
        let path = format!("spec.versions[{index}]");
        let name = version.text("name");
        seen.insert(name);
        joined(errors, &format!("{path}.name"), name, name, "");
        scale(
            errors,
            &format!("{path}.subresources.scale"),
            version.at("subresources.scale"),
        );
        for (index, one) in version.list("additionalPrinterColumns").iter().enumerate() {
            column(errors, &format!("{path}.additionalPrinterColumns[{index}]"), one);
        }
        for (index, one) in version.list("selectableFields").iter().enumerate() {
            simple_path(
                errors,
                &format!("{path}.selectableFields[{index}].jsonPath"),
                one.text("jsonPath"),
            );
        }
    }
    let list = || object.at("spec.versions").clone();
    if seen.len() != all.len() {
        errors.invalid("spec.versions", list(), "must contain unique version names");
    }
    if all.iter().filter(|version| version.flag("storage")).count() != 1 {
        errors.invalid(
            "spec.versions",
            list(),
            "must have exactly one version marked as storage version",
        );
    }
}

/// A name in RFC 1035 form, all complaints in one.
fn joined(errors: &mut Errors, path: &str, name: &str, shown: &str, lead: &str) {
    let complaints = names::rfc1035_label(name);
    if !complaints.is_empty() {
        errors.invalid(path, shown, format!("{lead}{}", complaints.join(",")));
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
        let name = all.text(field);
        let compared = if lead.is_empty() {
            name.to_owned()
        } else {
            name.to_lowercase()
        };
        if !name.is_empty() {
            joined(errors, &format!("spec.names.{field}"), &compared, name, lead);
        }
    }
    for (index, name) in all.texts("shortNames").into_iter().enumerate() {
        joined(errors, &format!("spec.names.shortNames[{index}]"), name, name, "");
    }
    let kind = all.text("kind");
    if !kind.is_empty() && kind == all.text("listKind") {
        errors.invalid(
            "spec.names.listKind",
            kind,
            "kind and listKind may not be the same",
        );
    }
    for (index, name) in all.texts("categories").into_iter().enumerate() {
        joined(errors, &format!("spec.names.categories[{index}]"), name, name, "");
    }
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
    simple_path(errors, &format!("{path}.jsonPath"), column.text("jsonPath"));
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

/// A structural schema says the type of everything that it names.
fn root_schema(errors: &mut Errors, path: &str, node: &Value) {
    match node.text("type") {
        "" => errors.required(format!("{path}.type"), "must not be empty at the root"),
        "object" => children(errors, path, node),
        other => errors.invalid(format!("{path}.type"), other, "must be object at the root"),
    }
}

fn children(errors: &mut Errors, path: &str, node: &Value) {
    let typed = |errors: &mut Errors, path: String, node: &Value, what: &str| {
        let open =
            node.flag("x-kubernetes-int-or-string") || node.flag("x-kubernetes-preserve-unknown-fields");
        if node.text("type").is_empty() && !open {
            errors.required(
                format!("{path}.type"),
                &format!("must not be empty for specified {what}"),
            );
        }
        children(errors, &path, node);
    };
    for (name, child) in node.entries("properties") {
        typed(
            errors,
            format!("{path}.properties[{name}]"),
            child,
            "object fields",
        );
    }
    if node.at("additionalProperties").is_object() {
        let path = format!("{path}.additionalProperties");
        typed(errors, path, node.at("additionalProperties"), "object fields");
    }
    match node.at("items") {
        Value::Null if node.text("type") == "array" => {
            errors.required(format!("{path}.items"), "must be specified");
        }
        Value::Null => {}
        items => typed(errors, format!("{path}.items"), items, "array items"),
    }
}

/// A change of a CustomResourceDefinition: what stored objects depend on stays.
pub(crate) fn definition_update(new: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let established = old
        .list("status.conditions")
        .iter()
        .any(|one| one.text("type") == "Established" && one.text("status") == "True");
    if established {
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
